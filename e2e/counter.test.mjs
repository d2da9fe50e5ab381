// Both sides of the counter: the demo shop sells things, and whoever plays the payer answers on the
// pages of test mode, in a second tab and with JavaScript off.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { cards, fillCard, toTheBank } from "./lib/card.mjs";
import { eventually } from "./lib/kassa.mjs";
import { Stage } from "./lib/stage.mjs";

const widths = [320, 390, 1280];
const number = "024 123 4567";

let stage;
before(async () => (stage = await Stage.open()));
after(() => stage?.close());

/** Lets work happen in a browser of its own and then looks at how the pages behaved. */
async function browse(options, work) {
  const payer = await stage.payer(options);
  try {
    await work(payer);
  } catch (error) {
    await payer.close();
    throw error;
  }
  await payer.leave();
}

const look = (payer, name) => payer.inspect(name, widths);
const demo = () => `${stage.kassa.origin}/demo`;
const payerOf = (session) => session.url.replace("/checkout/", "/sim/session/");

/** Asks the payer of a new session for money in the given way; amount in minor units. */
async function asked(payment_method, wishes) {
  const session = await stage.kassa.openSession(stage.shop, wishes);
  const route = `/v1/test_helpers/sessions/${session.id}/pay`;
  await stage.kassa.call("POST", route, { payment_method, approve: null });
  return session;
}

const prompted = () => asked({ type: "mobile_money", phone: number, provider: "mtn" });

/** Buys a mug: from the shelf to the checkout page. */
async function buy(page) {
  await page.goto(demo());
  await page.getByRole("button", { name: "Buy Stoneware mug" }).click();
  await page.waitForURL(/\/checkout\/cs_/);
}

/** Expects the shop's page of a paid order, with webhooks that fit. */
async function assertSold(page) {
  await page.waitForURL(/\/demo\/orders\/order_/);
  // Webhooks take a moment. With JavaScript the page shows them by itself.
  await eventually("the order ships", async () => {
    if (await page.getByText("is on its way").isVisible()) return true;
    const again = page.getByRole("link", { name: "Look again" });
    if (await again.isVisible()) await again.click();
    return false;
  });
  await page.getByRole("heading", { level: 1, name: "Thank you!" }).waitFor();
  await page.getByText("checkout.session.completed", { exact: true }).waitFor();
  assert.equal(await page.getByText("refused", { exact: true }).count(), 0);
}

for (const js of [true, false]) {
  describe(js ? "with JavaScript" : "without JavaScript", () => {
    test("the shop sells a mug by card", () =>
      browse({ js }, async ({ page }) => {
        await buy(page);
        await fillCard(page, cards.approved);
        await page.getByRole("button", { name: "Pay GHS 50.00" }).click();
        await assertSold(page);
      }));

    test("the shop sells a mug by mobile money, approved on the phone", () =>
      browse({ js }, async ({ page, context }) => {
        await buy(page);
        await page.getByRole("link", { name: "Mobile money" }).click();
        await page.getByLabel("Mobile money number").fill(number);
        await page.getByLabel("MTN").check();
        const phone = await context.newPage();
        await page.getByRole("button", { name: "Pay GHS 50.00" }).click();
        await phone.goto(`${stage.kassa.origin}/sim`);
        const pin = phone.getByLabel("PIN").first();
        await eventually("the phone is asked", async () => {
          if (await pin.isVisible()) return true;
          await phone.goto(`${stage.kassa.origin}/sim`);
          return false;
        });
        await pin.fill("1234");
        await phone.getByRole("button", { name: "Approve" }).first().click();
        await phone.getByText("Approved.").waitFor();
        await assertSold(page);
      }));

    test("a payer answers a phone", () =>
      browse({ js }, async ({ page }) => {
        const session = await prompted();
        await page.goto(payerOf(session));
        await page.getByLabel("PIN").fill("4321");
        await page.getByRole("button", { name: "Approve" }).click();
        await page.getByText("That PIN is wrong").waitFor();
        await page.getByRole("button", { name: "Reject" }).click();
        await page.getByText("Rejected.", { exact: false }).first().waitFor();
        const [payment] = await stage.payments();
        assert.equal(payment.failure_code, "declined_by_customer");
      }));

    test("a payer sends a transfer in two parts", () =>
      browse({ js }, async ({ page }) => {
        const session = await asked({ type: "bank_transfer" });
        await page.goto(payerOf(session));
        const amount = page.getByLabel("Amount to send");
        assert.equal(await amount.inputValue(), "50.00");
        await amount.fill("20");
        await page.getByRole("button", { name: "Send" }).click();
        await page.getByText("Too little", { exact: true }).waitFor();
        assert.equal(await amount.inputValue(), "30.00");
        await page.getByRole("button", { name: "Send" }).click();
        await page.getByText("Paid", { exact: true }).waitFor();
        assert.equal((await stage.kassa.session(session.id)).payment_status, "paid");
      }));

    test("the networks do as they are told", () =>
      browse({ js }, async ({ page }) => {
        await page.goto(`${stage.kassa.origin}/sim/networks`);
        const out = page.getByLabel("MTN MoMo is out");
        await out.check();
        await page.getByRole("button", { name: "Save Mobile money" }).click();
        await page.getByText("Saved.").waitFor();
        assert.ok(await out.isChecked());
        const told = await stage.kassa.call("GET", "/v1/test_helpers/rails/momo");
        assert.deepEqual(told.outage, ["mtn"]);
        await out.uncheck();
        await page.getByRole("button", { name: "Save Mobile money" }).click();
        await page.getByText("Saved.").waitFor();
        assert.ok(!(await out.isChecked()));
        const again = await stage.kassa.call("GET", "/v1/test_helpers/rails/momo");
        assert.deepEqual(again.outage, []);
      }));
  });
}

test("what happens elsewhere appears by itself, and typing is not disturbed", () =>
  browse({}, async ({ page }) => {
    const first = await prompted();
    await page.goto(payerOf(first));
    const pin = page.getByLabel("PIN");
    await pin.fill("12");
    await page.goto(`${stage.kassa.origin}/sim`);
    const top = page.getByLabel("PIN").first();
    await top.fill("12");
    const before = await page.getByLabel("PIN").count();
    await prompted();
    await eventually("the second prompt", async () =>
      (await page.getByLabel("PIN").count()) === before + 1);
    const values = await page.getByLabel("PIN").evaluateAll((all) => all.map((i) => i.value));
    assert.deepEqual(values.filter(Boolean), ["12"]);
    assert.equal(await page.evaluate(() => document.activeElement.value), "12");
  }));

test("a double click on Send sends once", () =>
  browse({}, async ({ page }) => {
    const session = await asked({ type: "bank_transfer" });
    await page.goto(payerOf(session));
    await page.getByLabel("Amount to send").fill("10");
    await page.getByRole("button", { name: "Send" }).dblclick();
    await page.getByText("GHS 10.00").waitFor();
    assert.equal(await page.getByText("GHS 20.00").count(), 0);
  }));

test("the test clock lets a prompt run out", () =>
  browse({}, async ({ page, context }) => {
    const session = await prompted();
    await page.goto(payerOf(session));
    await page.getByLabel("PIN").waitFor();
    const networks = await context.newPage();
    await networks.goto(`${stage.kassa.origin}/sim/networks`);
    await networks.getByRole("button", { name: "+ 1 hour" }).click();
    await networks.getByText("The test clock has moved.").waitFor();
    await page.getByText("Not answered in time").waitFor();
  }));

test("the issuer's question is found on the payer's page", () =>
  browse({}, async ({ page }) => {
    const session = await stage.kassa.openSession(stage.shop);
    await stage.payByHelper(session, cards.challenged, null);
    await page.goto(payerOf(session));
    await page.getByRole("link", { name: "Answer the issuer" }).click();
    await toTheBank(page);
    await page.getByRole("button", { name: "Approve" }).click();
    await stage.assertPaid(page, session);
  }));

/** Pictures of this side of the counter, by name, with the way there. */
const states = [
  ["sim-phone", async ({ page }) => page.goto(payerOf(await prompted()))],
  ["sim-code", async ({ page }) => page.goto(payerOf(await asked({
    type: "mobile_money", phone: "020 000 0010", provider: "telecel",
  })))],
  ["sim-bank", async ({ page }) => page.goto(payerOf(await asked({ type: "bank_transfer" })))],
  ["sim-nothing", async ({ page }) =>
    page.goto(payerOf(await stage.kassa.openSession(stage.shop)))],
  ["sim-networks", async ({ page }) => page.goto(`${stage.kassa.origin}/sim/networks`)],
  ["demo", async ({ page }) => page.goto(demo())],
  ["demo-order", async ({ page }) => {
    await buy(page);
    await fillCard(page, cards.approved);
    await page.getByRole("button", { name: "Pay GHS 50.00" }).click();
    await assertSold(page);
  }],
  ["demo-unpaid", async ({ page }) => {
    await buy(page);
    await page.getByRole("link", { name: /Cancel/ }).click();
    await page.getByRole("heading", { name: "Not paid yet" }).waitFor();
  }],
  ["demo-unknown", async ({ page }) => page.goto(`${demo()}/orders/order_1`)],
];

for (const js of [true, false]) {
  describe(`every page is accessible ${js ? "with" : "without"} JavaScript`, () => {
    for (const [name, reach] of states) {
      test(name, () =>
        browse({ js }, async (payer) => {
          await reach(payer);
          await payer.page.getByRole("heading", { level: 1 }).waitFor();
          await look(payer, name);
        }));
    }
  });
}

describe("everybody's payers on one page", () => {
  let busy; // the stage of all other tests
  before(async () => {
    busy = stage;
    stage = await Stage.open();
    const session = await stage.kassa.openSession(stage.shop);
    await stage.payByHelper(session, cards.challenged, null);
    await asked({ type: "bank_transfer" }, { amount: 12000 });
    await asked({ type: "mobile_money", phone: "020 000 0010", provider: "telecel" });
    await asked({ type: "mobile_money", phone: "026 000 0001", provider: "airteltigo" });
    await prompted();
  });
  after(async () => {
    try {
      await stage?.close();
    } finally {
      stage = busy;
    }
  });

  for (const [name, options] of [
    ["sim", {}], ["sim-dark", { colorScheme: "dark" }], ["sim", { js: false }],
  ]) {
    test(`${name}${options.js === false ? " without JavaScript" : ""}`, () =>
      browse(options, async (payer) => {
        await payer.page.goto(`${stage.kassa.origin}/sim`);
        for (const text of ["MTN MoMo", "Telecel Cash", "Not enough money", "KAS-", "3220"]) {
          await payer.page.getByText(text).first().waitFor();
        }
        await look(payer, name);
      }));
  }
});

test("the shop is accessible in the dark", () =>
  browse({ colorScheme: "dark" }, async (payer) => {
    await payer.page.goto(demo());
    await look(payer, "demo-dark");
  }));

test("one payer's page is closed to whoever lacks its key", async () => {
  const session = await prompted();
  const other = await stage.kassa.openSession(stage.shop);
  const wrong = payerOf(session).replace(/key=.*/, new URL(other.url).search.slice(1));
  for (const url of [payerOf(session).split("?")[0], wrong]) {
    assert.equal((await fetch(url)).status, 404);
  }
});

describe("the code that the shop shows", () => {
  /** The text of a step in a language, as the page shows it: with the address of this server. */
  const shown = (page, step, language) => page.locator(`#step-${step}`).locator("..")
    .locator("details").filter({ hasText: language }).locator("code").textContent();

  const module = async (page, step) =>
    import(`data:text/javascript,${encodeURIComponent(await shown(page, step, "Node.js"))}`);

  test("is right in Node.js", () =>
    browse({}, async ({ page }) => {
      await page.goto(demo());
      const { openSession } = await module(page, "open");
      const { subscribe } = await module(page, "subscribe");
      assert.match(await subscribe(), /^whsec_/);
      const order = { id: "order-7", amount: 5000, product: "Stoneware mug" };
      const session = await openSession(order);
      assert.deepEqual(await openSession(order), session, "asked twice, made twice");
      await buy(page);
      await page.getByRole("link", { name: /Cancel/ }).click();
      const { lookUp } = await module(page, "look");
      const { verify } = await module(page, "verify");
      await stage.payByHelper(session, cards.approved);
      const found = await lookUp(session.id);
      assert.equal(found.session.payment_status, "paid");
      assert.equal(found.payment.status, "succeeded");
      const told = await stage.shop.delivery("checkout.session.completed", session.id);
      const event = verify(told.headers, told.body, stage.endpoint.secret);
      assert.equal(event.data.object.id, session.id);
      assert.throws(() => verify(told.headers, `${told.body} `, stage.endpoint.secret));
    }));

  test("is right with curl", () =>
    browse({}, async ({ page }) => {
      await page.goto(demo());
      for (const [step, id] of [["open", /^cs_/], ["subscribe", /^we_/]]) {
        const ran = spawnSync("sh", ["-c", await shown(page, step, "curl")], { encoding: "utf8" });
        assert.equal(ran.status, 0, ran.stderr);
        assert.match(JSON.parse(ran.stdout).id, id);
      }
    }));
});
