// The watchers watched: what the other tests rely on refuses what it is there to refuse.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { launch, Payer } from "./lib/browser.mjs";
import { verify } from "./lib/webhook.mjs";

delete process.env.KASSA_SCREENS; // these pages are nobody's

const sound = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><title>Sound</title><main><h1>Sound</h1></main></html>`;

const pages = {
  "/sound": sound,
  "/unlabelled": sound.replace("</main>", "<input></main>"),
  "/framing": sound.replace("</main>", '<iframe title="Within" src="/unlabelled"></iframe></main>'),
  "/wide": sound.replace("</main>", '<p style="width:2000px">wide</p></main>'),
  "/stranger": sound.replace("</main>", '<img alt="" src="http://127.0.0.1:9/x.png"></main>'),
  "/complaint": sound.replace("</main>", "<script>console.error('oh')</script></main>"),
  "/broken": sound.replace("</main>", "<script>throw new Error('oh')</script></main>"),
};

describe("a page", () => {
  let browser, server, origin;

  before(async () => {
    server = createServer((request, response) => {
      response.setHeader("Content-Type", "text/html");
      response.end(pages[request.url]);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    origin = `http://127.0.0.1:${server.address().port}`;
    browser = await launch();
  });

  after(async () => {
    await browser.close();
    server.closeAllConnections();
    server.close();
  });

  async function look(path, js) {
    const payer = await Payer.arrive(browser, { origins: [origin], js });
    await payer.page.goto(origin + path, { waitUntil: "load" });
    try {
      await payer.inspect("harness");
    } finally {
      await payer.leave();
    }
  }

  for (const js of [true, false]) {
    const how = js ? "with JavaScript" : "without JavaScript";
    test(`that is sound passes ${how}`, () => look("/sound", js));
    test(`without a label is refused ${how}`, () =>
      assert.rejects(look("/unlabelled", js), /axe on harness at 320 px[^]*label:/));
    test(`without a label in a page within it is refused ${how}`, () =>
      assert.rejects(look("/framing", js), /axe on harness at 320 px[^]*label:/));
    test(`that is too wide is refused ${how}`, () =>
      assert.rejects(look("/wide", js), /scrolls sideways/));
    test(`that asks a stranger is refused ${how}`, () =>
      assert.rejects(look("/stranger", js), /foreign request: http:\/\/127\.0\.0\.1:9/));
  }

  test("that complains is refused", () => assert.rejects(look("/complaint", true), /console: oh/));
  test("that breaks is refused", () => assert.rejects(look("/broken", true), /page error/));
  test("whose scripts are off cannot break", () => look("/broken", false));
});

describe("a delivery", () => {
  const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const body = Buffer.from('{"id":"evt_1","object":"event","type":"payment.succeeded"}');
  const hmac = (key, text) => createHmac("sha256", key).update(text);

  function signed(at = Math.floor(Date.now() / 1000)) {
    const key = Buffer.from(secret.slice("whsec_".length), "base64");
    return {
      "webhook-id": "evt_1",
      "webhook-timestamp": String(at),
      "webhook-signature": `v1,${hmac(key, `evt_1.${at}.${body}`).digest("base64")}`,
      "x-paygate-signature": `t=${at},v1=${hmac(secret, `${at}.${body}`).digest("hex")}`,
    };
  }

  test("that is signed both ways passes", () =>
    assert.equal(verify({ headers: signed(), body }, secret).id, "evt_1"));

  for (const header of Object.keys(signed())) {
    test(`with another ${header} is refused`, () => {
      const headers = signed();
      headers[header] = headers[header].replace(/[0-9a-f](?=[^0-9a-f]*$)/i, (last) =>
        last === "1" ? "2" : "1");
      assert.throws(() => verify({ headers, body }, secret));
    });
  }

  test("whose body was touched is refused", () =>
    assert.throws(() => verify({ headers: signed(), body: Buffer.from(`${body} `) }, secret)));
  test("that is an hour old is refused", () =>
    assert.throws(() => verify({ headers: signed(Date.now() / 1000 - 3600 | 0), body }, secret)));
});
