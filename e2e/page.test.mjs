// The page itself: every state on a phone and on a desk, by keyboard, in forced colours, within its
// budget, behind its headers, and never showing a card number again.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { cards, fillCard, pay, payButton, toTheBank } from "./lib/card.mjs";
import { Stage } from "./lib/stage.mjs";
import { standStill } from "./lib/still.mjs";

const maxRequests = 4;
const maxBytes = 50 * 1024;
const maxDeclines = 5;

let stage;
before(async () => (stage = await Stage.open()));
after(() => stage?.close());

// A page opened again tells how things stand and does not carry its reader on.
const again = ({ page }, session) => page.goto(session.url);

/** What a payer can see: the name of the state, its heading, and the way there from the form. */
const states = [
  ["card", "Pay by card", async () => {}],
  ["card-errors", "Pay by card", async ({ page }) => {
    await pay(page, "4242 4242 4242 4241", { expiry: "01 / 20", code: "1" });
    await page.getByRole("alert").waitFor();
  }],
  ["declined", "Pay by card", async ({ page }) => {
    await pay(page, cards.declined);
    await page.getByRole("alert").waitFor();
  }],
  ["3ds", "Confirm with your bank", async (payer, session) => {
    await stage.payByHelper(session, cards.challenged, null);
    await again(payer, session);
  }],
  ["bank", "Approve this payment?", async ({ page }, session) => {
    await stage.payByHelper(session, cards.challenged, null);
    await page.goto(session.url);
    await toTheBank(page);
  }],
  ["bank-closed", "This request is closed", async ({ page }, session) => {
    await stage.payByHelper(session, cards.challenged, null);
    await page.goto(session.url);
    await toTheBank(page);
    const bank = page.url();
    await page.getByRole("button", { name: "Decline" }).click();
    await page.getByRole("alert").waitFor();
    await page.goto(bank);
  }],
  ["waiting", "We are confirming your payment", async (payer, session) => {
    await stage.payByHelper(session, cards.lateApproved);
    await standStill(payer.page);
    await again(payer, session);
  }],
  ["paid", "Payment successful", async (payer, session) => {
    await stage.payByHelper(session, cards.approved);
    await again(payer, session);
  }],
  ["authorised", "Payment authorised", async (payer, session) => {
    await stage.payByHelper(session, cards.approved);
    await again(payer, session);
  }, { capture_method: "manual" }],
  ["cancelled", "Payment cancelled", async (payer, session) => {
    await stage.payByHelper(session, cards.approved);
    const { payment } = await stage.kassa.session(session.id);
    await stage.kassa.call("POST", `/v1/payments/${payment}/cancel`);
    await again(payer, session);
  }, { capture_method: "manual" }],
  ["expired", "This payment page has expired", async (payer, session) => {
    await stage.kassa.call("POST", `/v1/checkout/sessions/${session.id}/expire`);
    await again(payer, session);
  }],
  ["closed", "This payment page is closed", async (payer, session) => {
    for (let i = 0; i < maxDeclines; i++) await stage.payByHelper(session, cards.declined);
    await again(payer, session);
  }],
  ["not-found", "Page not found", ({ page }, session) =>
    page.goto(session.url.replace(/.$/, (last) => (last === "0" ? "1" : "0")))],
  ["refused", "This request was not accepted", async ({ page }, session) => {
    await page.goto(stage.shop.origin + "/basket");
    await page.evaluate((action) => {
      const form = document.createElement("form");
      document.body.append(Object.assign(form, { action, method: "post" }));
      form.submit();
    }, session.url);
    await page.waitForURL(session.url);
  }],
];

for (const js of [true, false]) {
  describe(`every state is accessible ${js ? "with" : "without"} JavaScript`, () => {
    for (const [name, heading, reach, wishes] of states) {
      test(name, () =>
        stage.visit(async (payer, session) => {
          await reach(payer, session);
          await payer.page.getByRole("heading", { level: 1, name: heading }).waitFor();
          await payer.inspect(name);
        }, { js, wishes }));
    }
  });
}

test("whoever tries too often is told to wait", async () => {
  const strict = await Stage.open("--attempt-limit", "1");
  try {
    await strict.visit(async (payer, session) => {
      await pay(payer.page, cards.declined);
      await payer.page.getByRole("alert").waitFor();
      await pay(payer.page, cards.approved);
      await payer.page.getByRole("heading", { name: "Too many attempts" }).waitFor();
      await payer.inspect("limited");
      assert.equal((await strict.kassa.session(session.id)).status, "open");
    });
  } finally {
    await strict.close();
  }
});

test("the page is accessible in the dark", () =>
  stage.visit(async (payer) => {
    await pay(payer.page, "4242 4242 4242 4241");
    await payer.page.getByRole("alert").waitFor();
    await payer.inspect("card-dark");
  }, { colorScheme: "dark" }));

test("the page speaks the payer's language", () =>
  stage.visit(async (payer) => {
    assert.equal(await payer.page.locator("html").getAttribute("lang"), "fr");
    await payer.inspect("card-french");
  }, { locale: "fr-FR" }));

for (const js of [true, false]) {
  test(`waiting ends by itself ${js ? "with" : "without"} JavaScript`, () =>
    stage.visit(async ({ page }, session) => {
      const live = page.waitForRequest(js ? /\/events\?/ : /\/wait\?/);
      await pay(page, cards.lateApproved);
      await live;
      assert.equal((await stage.kassa.session(session.id)).payment_status, "unpaid");
      await stage.kassa.advance(31);
      await stage.assertPaid(page, session);
    }, { js }));
}

test("the page stays within its budget", () =>
  stage.visit(async (payer, session) => {
    const fresh = await payer.context.newPage();
    const cdp = await payer.context.newCDPSession(fresh);
    await cdp.send("Network.enable");
    let bytes = 0;
    let requests = 0;
    cdp.on("Network.loadingFinished", ({ encodedDataLength }) => {
      bytes += encodedDataLength;
      requests++;
    });
    await cdp.send("Network.setCacheDisabled", { cacheDisabled: true });
    await fresh.goto(session.url, { waitUntil: "load" });
    assert.ok(requests >= 1 && requests <= maxRequests, `${requests} requests`);
    assert.ok(bytes <= maxBytes, `${bytes} bytes`);
  }));

test("the page is closed to strangers", async () => {
  const session = await stage.kassa.openSession(stage.shop);
  const { headers } = await fetch(session.url);
  const policy = headers.get("content-security-policy");
  for (const directive of [
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'",
    "frame-ancestors 'none'", "base-uri 'none'", "require-trusted-types-for 'script'",
  ]) {
    assert.ok(policy.includes(directive), `${directive} is not in: ${policy}`);
  }
  assert.ok(!policy.includes("unsafe"), policy);
  assert.equal(headers.get("cache-control"), "no-store");
  assert.equal(headers.get("referrer-policy"), "same-origin");
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.equal(headers.get("cross-origin-opener-policy"), "same-origin");
});

test("another site cannot send the form", async () => {
  const session = await stage.kassa.openSession(stage.shop);
  for (const headers of [{}, { Origin: "http://evil.test" }, { "Sec-Fetch-Site": "cross-site" }]) {
    const response = await fetch(session.url, {
      method: "POST",
      redirect: "manual",
      headers: { "Content-Type": "application/x-www-form-urlencoded", ...headers },
      body: "number=4242424242424242&expiry=12%2F34&cvc=123",
    });
    assert.equal(response.status, 403, JSON.stringify(headers));
  }
  assert.equal((await stage.kassa.session(session.id)).status, "open");
});

test("a keyboard is enough", () =>
  stage.visit(async ({ page }, session) => {
    const { keyboard } = page;
    await page.getByLabel("Card number").focus();
    await keyboard.type("4242424242424242");
    assert.equal(await page.getByLabel("Card number").inputValue(), "4242 4242 4242 4242");
    await keyboard.press("Tab");
    await keyboard.type("1234");
    await keyboard.press("Tab");
    await keyboard.type("123");
    await keyboard.press("Enter");
    await stage.assertPaid(page, session);
  }));

test("the fields say what they are to wallets and phones", () =>
  stage.visit(async ({ page }) => {
    for (const [label, token] of [
      ["Card number", "cc-number"], ["Expiry date", "cc-exp"], ["Security code", "cc-csc"],
    ]) {
      const field = page.getByLabel(label);
      assert.equal(await field.getAttribute("autocomplete"), token);
      assert.equal(await field.getAttribute("inputmode"), "numeric");
    }
  }));

test("a pasted number is taken as it is", () =>
  stage.visit(async ({ page }, session) => {
    await page.getByLabel("Card number").focus();
    await page.keyboard.insertText("4242-4242-4242-4242");
    await page.getByLabel("Expiry date").fill("12/2034");
    await page.getByLabel("Security code").fill("123");
    await payButton(page).click();
    await stage.assertPaid(page, session);
  }));

test("forced colours keep the button and the focus visible", () =>
  stage.visit(async (payer) => {
    await payer.page.emulateMedia({ forcedColors: "active" });
    const number = payer.page.getByLabel("Card number");
    await number.focus();
    const outline = await number.evaluate((field) => getComputedStyle(field).outlineStyle);
    assert.notEqual(outline, "none");
    await payer.inspect("card-forced-colours");
  }));

test("a card number leaves no trace behind", () =>
  stage.visit(async ({ page, requests }) => {
    const seen = [];
    await fillCard(page, cards.declined, { code: "987" });
    await payButton(page).click();
    await page.getByRole("alert").waitFor();
    seen.push(await page.content(), page.url(), ...requests.map((r) => r.url()));
    seen.push(...requests.map((r) => r.headers().referer ?? ""));
    seen.push(await page.evaluate(() => JSON.stringify([localStorage, sessionStorage])));
    assert.equal(await page.getByLabel("Security code").inputValue(), "");
    for (const text of seen) assert.doesNotMatch(text.replaceAll(/[ -]/g, ""), /4000000000000002/);
    assert.doesNotMatch(stage.kassa.log.replaceAll(/[ -]/g, ""), /4000000000000002/);
  }));
