// Mobile money and bank transfers, from the page in one tab and the payer's phone or bank in
// another, with and without JavaScript.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { cards, pay, payButton } from "./lib/card.mjs";
import { eventually } from "./lib/kassa.mjs";
import { choose, Counter, networks, payByBank, payByPhone, phones } from "./lib/method.mjs";
import { Stage } from "./lib/stage.mjs";
import { standStill } from "./lib/still.mjs";

const widths = [320, 390, 1280];

let stage;
before(async () => (stage = await Stage.open()));
after(() => stage?.close());

/** The payment that a session has now. */
async function paymentOf(session) {
  const all = await stage.kassa.call("GET", `/v1/payments?session=${session.id}`);
  return all.data[0];
}

/** Waits until a session is in a state. A payment is there before its network has heard of it. */
const reached = (session, state) =>
  eventually(`the page says ${state}`, async () => {
    const answer = await fetch(session.url.replace("?", "/status?"));
    return (await answer.json()).state === state;
  });

/** Opens a page that may be about to go somewhere by itself, which ends a navigation of ours. */
async function comeBack(page, url) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await page.goto(url);
    } catch (error) {
      if (tries === 4 || !/ERR_ABORTED|interrupted/.test(error.message)) throw error;
    }
  }
}

const heading = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();

/** Lets a payer pay, with the counter at hand. */
function visit(work, { js = true, ...options } = {}) {
  return stage.visit(async (payer, session) => {
    const counter = await Counter.open(stage, session, { js });
    await work(payer, session, counter);
    await counter.leave();
  }, { js, ...options });
}

// Without scripts: stands still on the page of the transfer, so that the driver can look at it.
async function showBank(page, js) {
  if (!js) await standStill(page);
  await payByBank(page);
  await heading(page, "Send GHS 50.00 from your bank");
}

// A page without scripts lets whoever copies an account number be, and can be asked to look.
async function notice(page, js) {
  if (!js) await page.getByRole("link", { name: "Have you sent it? Look again" }).click();
}

async function assertPaid(page, session, js) {
  if (!js) {
    await heading(page, "Payment successful");
    await page.getByRole("link", { name: /^Return to/ }).click();
  }
  return stage.assertPaid(page, session);
}

for (const js of [true, false]) {
  describe(`mobile money ${js ? "with" : "without"} JavaScript`, () => {
    for (const [provider, name] of Object.entries(networks)) {
      test(`a prompt of ${name} is approved on the phone`, () =>
        visit(async ({ page }, session, counter) => {
          await payByPhone(page, phones[provider]);
          await counter.answer("Approve");
          await stage.assertPaid(page, session);
          await stage.assertTold("checkout.session.completed", session);
          const payment = await paymentOf(session);
          assert.equal(payment.provider, provider);
          assert.equal(payment.phone, phones[provider].replaceAll(" ", ""));
        }, { js }));
    }

    test("a prompt that the payer rejects can be asked again", () =>
      visit(async ({ page }, session, counter) => {
        await payByPhone(page, phones.mtn);
        await counter.answer("Reject");
        await page.getByText("turned down on your phone").waitFor();
        assert.equal(await page.getByLabel("Mobile money number").inputValue(), phones.mtn);
        await payButton(page).click();
        await counter.answer("Approve");
        await stage.assertPaid(page, session);
      }, { js }));

    test("a wrong PIN leaves the prompt, three end it", () =>
      visit(async ({ page }, session, counter) => {
        await payByPhone(page, phones.mtn);
        for (let i = 0; i < 3; i++) await counter.answer("Approve", "9999");
        await page.getByText("The PIN was wrong too often").waitFor();
      }, { js }));

    test("a number that has moved is paid from its new network", () =>
      visit(async ({ page }, session, counter) => {
        await payByPhone(page, phones.ported);
        await page.getByText("is not registered with MTN Mobile Money").waitFor();
        await payButton(page).click();
        await page.getByRole("alert").getByText("Choose the network of this number").waitFor();
        await page.getByLabel(networks.telecel).check();
        await payButton(page).click();
        await counter.answer("Approve");
        await stage.assertPaid(page, session);
        assert.equal((await paymentOf(session)).provider, "telecel");
      }, { js }));

    test("a one-time code from the phone pays", () =>
      visit(async ({ page }, session, counter) => {
        await payByPhone(page, phones.code);
        const field = page.getByLabel("One-time code");
        const code = await counter.code();
        await field.fill(code.replace(/.$/, (last) => (last === "0" ? "1" : "0")));
        await payButton(page).click();
        await page.getByText("this one is not right").waitFor();
        assert.equal(await field.getAttribute("aria-invalid"), "true");
        assert.equal(await field.inputValue(), "");
        await field.fill(code);
        await payButton(page).click();
        await stage.assertPaid(page, session);
      }, { js }));

    test("a payer who changes their mind pays by card in the same session", () =>
      visit(async ({ page }, session) => {
        await standStill(page);
        await payByPhone(page, phones.mtn);
        await page.getByRole("button", { name: "Pay another way" }).click();
        await page.getByText("You stopped the last payment.").waitFor();
        await pay(page, cards.approved);
        await stage.assertPaid(page, session);
      }, { js }));

    test("the prompt can be asked for again, a few times", () =>
      visit(async ({ page }) => {
        await standStill(page);
        await payByPhone(page, phones.mtn);
        const again = page.getByRole("button", { name: "Send the request again" });
        await page.getByText("Nothing on your phone?").click();
        for (let i = 0; i < 3; i++) {
          await again.click();
          await page.getByText("It was sent again.").waitFor();
        }
        await again.click();
        await page.getByText("as often as the network allows").waitFor();
        assert.equal(await again.count(), 0);
      }, { js }));

    test("a prompt nobody answers runs out, and money that comes later is recorded as late", () =>
      visit(async ({ page }, session) => {
        await payByPhone(page, phones.paidTooLate);
        await reached(session, "prompt");
        await stage.kassa.advance(121);
        await page.getByText("was not answered in time").waitFor();
        const payment = await paymentOf(session);
        assert.equal(payment.status, "failed");
        await stage.kassa.advance(181);
        await stage.settled(payment.id, "late");
        await comeBack(page, session.url);
        await heading(page, "Your payment arrived late");
        const refund = await stage.kassa.call("POST", "/v1/refunds", {
          payment: payment.id, amount: 5000,
        });
        assert.equal(refund.amount, 5000);
        await page.reload();
        await page.getByText("Refunded").waitFor();
      }, { js }));

    test("a number that cannot be one is named, and nothing starts", () =>
      visit(async ({ page }, session) => {
        await payByPhone(page, "0241");
        const link = page.getByRole("alert").getByRole("link").first();
        await link.click();
        const field = page.getByLabel("Mobile money number");
        assert.equal(await field.getAttribute("aria-invalid"), "true");
        assert.equal(await paymentOf(session), undefined);
      }, { js }));
  });

  describe(`a bank transfer ${js ? "with" : "without"} JavaScript`, () => {
    test("pays when the money arrives", () =>
      visit(async ({ page }, session, counter) => {
        await showBank(page, js);
        await counter.send("50.00");
        await notice(page, js);
        await assertPaid(page, session, js);
        await stage.assertTold("checkout.session.completed", session);
      }, { js }));

    test("is noticed by the page itself", () =>
      visit(async ({ page }, session, counter) => {
        await payByBank(page);
        await reached(session, "transfer");
        await counter.send("50.00");
        await stage.assertPaid(page, session);
      }, { js }));

    test("that brings too little is topped up", () =>
      visit(async ({ page }, session, counter) => {
        await showBank(page, js);
        await counter.send("30.00");
        await notice(page, js);
        await page.getByText("We received GHS 30.00. GHS 20.00 is missing.").waitFor();
        assert.equal((await stage.kassa.session(session.id)).status, "open");
        await counter.send("5.00");
        await notice(page, js);
        await page.getByText("We received GHS 35.00. GHS 15.00 is missing.").waitFor();
        await counter.send("15.00");
        await notice(page, js);
        await assertPaid(page, session, js);
      }, { js }));

    for (const [action, sent, ends] of [
      ["accept", "30.00", "Payment successful"],
      ["refund", "30.00", "Pay by bank transfer"],
      ["accept", "70.00", "Payment successful"],
      ["refund", "70.00", "Payment successful"],
    ]) {
      test(`of GHS ${sent} is settled by ${action}`, () =>
        visit(async ({ page }, session, counter) => {
          const short = sent < "50.00";
          await showBank(page, js);
          await counter.send(sent);
          await notice(page, js);
          await heading(page, short ? "Part of the money has arrived" : "You paid more than");
          const payment = await paymentOf(session);
          assert.equal(payment.status, short ? "underpaid" : "overpaid");
          // A page that says "paid" goes on to the shop after two seconds. It is to be read here.
          await page.route(/\/done\?/, (route) => route.fulfill({ status: 204 }));
          await stage.kassa.call("POST", `/v1/payments/${payment.id}/settle`, { action });
          if (!js) await comeBack(page, session.url);
          if (short && action === "refund") {
            await page.getByText("is returning the GHS 30.00 that you sent").waitFor();
            return;
          }
          await heading(page, ends);
          assert.equal((await stage.kassa.session(session.id)).payment_status, "paid");
        }, { js, wishes: { payment_method_types: ["card", "bank_transfer"] } }));
    }

    test("that comes twice is paid, and the excess is told", () =>
      visit(async ({ page }, session, counter) => {
        await showBank(page, js);
        await counter.send("50.00");
        await notice(page, js);
        await assertPaid(page, session, js);
        await counter.send("50.00");
        await comeBack(page, session.url);
        await page.getByText("In all you sent GHS 50.00 more than was asked.").waitFor();
      }, { js }));
  });
}

test("the network follows the number's prefix until the payer chooses", () =>
  stage.visit(async ({ page }) => {
    await choose(page, "Mobile money");
    const number = page.getByLabel("Mobile money number");
    for (const [provider, name] of Object.entries(networks)) {
      await number.fill(phones[provider].replace(/^0/, "+233 "));
      assert.ok(await page.getByLabel(name).isChecked(), name);
    }
    await page.getByLabel(networks.mtn).check();
    await number.fill(phones.telecel);
    assert.ok(await page.getByLabel(networks.mtn).isChecked(), "the payer's choice was overruled");
  }));

test("the number that the shop knows is filled in", () =>
  stage.visit(async ({ page }) => {
    assert.equal(await page.getByLabel("Mobile money number").inputValue(), "020 123 4567");
    assert.ok(await page.getByLabel(networks.telecel).isChecked());
    assert.equal(await page.getByRole("link", { name: "Card", exact: true }).count(), 0);
  }, { wishes: { customer_phone: "+233201234567", payment_method_types: ["mobile_money"] } }));

test("the details of a transfer can be copied", () =>
  visit(async ({ page, context }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.clock.install({ time: 0 });
    await payByBank(page);
    await page.waitForLoadState();
    await page.clock.pauseAt(24 * 60 * 60 * 1000); // what is said for two seconds stays
    const copied = page.getByRole("status").getByText("Copied");
    const clipboard = (text) => eventually(`${text} is in the clipboard`, async () =>
      (await page.evaluate(() => navigator.clipboard.readText())) === text);
    const reference = await page.locator("dd", { hasText: /^KAS-/ }).locator("bdi").innerText();
    await page.getByRole("button", { name: "Copy: Reference" }).click();
    await copied.waitFor({ state: "attached" });
    await clipboard(reference);
    await page.clock.fastForward(2_000);
    await copied.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Copy: Amount" }).click();
    await clipboard("50.00");
  }));

test("whoever comes back from the bank's app is told at once", () =>
  visit(async ({ page }, session, counter) => {
    await page.route(/\/(events|status)\?/, (route) =>
      route.request().url().includes("fresh=1")
        ? route.continue()
        : route.fulfill({ status: 204 }));
    await payByBank(page);
    await heading(page, "Send GHS 50.00 from your bank");
    await page.waitForLoadState();
    await counter.send("50.00");
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await stage.assertPaid(page, session);
  }));

test("the transfer page stays within its budget", () =>
  stage.visit(async (payer, session) => {
    await stage.begin(session, { type: "bank_transfer" });
    const fresh = await payer.context.newPage();
    await fresh.setViewportSize({ width: 1280, height: 800 });
    const cdp = await payer.context.newCDPSession(fresh);
    await cdp.send("Network.enable");
    let bytes = 0;
    let requests = 0;
    const icons = new Set(); // asked for by the browser's window, when it likes
    cdp.on("Network.requestWillBeSent", ({ requestId, request }) => {
      if (/\/assets\/icon-/.test(request.url)) icons.add(requestId);
    });
    cdp.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
      bytes += encodedDataLength;
      requests += icons.has(requestId) ? 0 : 1;
    });
    await cdp.send("Network.setCacheDisabled", { cacheDisabled: true });
    await fresh.goto(session.url, { waitUntil: "load" });
    // Page, style and script, and the picture when it comes into view.
    assert.ok(requests >= 3 && requests <= 4, `${requests} requests`);
    assert.ok(bytes <= 50 * 1024, `${bytes} bytes`);
  }));

/** Lets a prompt that nobody answers run out, and then its money come. */
async function runOut(session, status, seconds) {
  const { id } = (await paymentOf(session)) ??
    (await stage.begin(session, { type: "mobile_money", phone: phones.paidTooLate }));
  await stage.kassa.advance(seconds);
  await stage.settled(id, status);
}

/** What a payer can see: the name of the state, its heading, and the way there from the form. */
const states = [
  ["choice", "Pay by card", async () => {}],
  ["mobile", "Pay by mobile money", ({ page }) => choose(page, "Mobile money")],
  ["mobile-errors", "Pay by mobile money", async ({ page }) => {
    await choose(page, "Mobile money");
    await payButton(page).click();
    await page.getByRole("alert").waitFor();
  }],
  ["prompt", "Approve the payment on your phone", ({ page }) => payByPhone(page, phones.mtn)],
  ["prompt-again", "Approve the payment on your phone", async ({ page }) => {
    await payByPhone(page, phones.telecel);
    await page.getByText("Nothing on your phone?").click();
    await page.getByRole("button", { name: "Send the request again" }).click();
    await page.getByText("It was sent again.").waitFor();
  }],
  ["code", "Enter the code from your phone", ({ page }) => payByPhone(page, phones.code)],
  ["code-wrong", "Enter the code from your phone", async ({ page }) => {
    await payByPhone(page, phones.code);
    await page.getByLabel("One-time code").fill("12");
    await payButton(page).click();
    await page.getByText("this one is not right").waitFor();
  }],
  ["mobile-declined", "Pay by mobile money", ({ page }) => payByPhone(page, "024 123 0002")],
  ["mobile-network", "Pay by mobile money", ({ page }) => payByPhone(page, phones.ported)],
  ["mobile-expired", "Pay by mobile money", async ({ page }, session) => {
    await runOut(session, "failed", 121);
    await comeBack(page, session.url);
  }],
  ["mobile-late", "Your payment arrived late", async ({ page }, session) => {
    await runOut(session, "failed", 121);
    await runOut(session, "late", 181);
    await comeBack(page, session.url);
  }],
  ["transfer-start", "Pay by bank transfer", ({ page }) => choose(page, "Bank transfer")],
  ["transfer", "Send GHS 50.00 from your bank", ({ page }) => payByBank(page)],
  ["underpaid", "Part of the money has arrived", async ({ page }, session) => {
    await stage.transfer(session, 3000);
    await comeBack(page, session.url);
  }],
  ["overpaid", "You paid more than was asked", async ({ page }, session) => {
    await stage.transfer(session, 7000);
    await comeBack(page, session.url);
  }],
  ["returned", "Pay by bank transfer", async ({ page }, session) => {
    const payment = await stage.transfer(session, 3000);
    await stage.kassa.call("POST", `/v1/payments/${payment.id}/settle`, { action: "refund" });
    await page.goto(`${session.url}&method=bank_transfer`);
  }],
  ["paid-twice", "Payment successful", async ({ page }, session) => {
    const payment = await stage.transfer(session, 5000);
    await stage.kassa.call("POST", `/v1/test_helpers/transfers/${payment.id}`, { amount: 5000 });
    await comeBack(page, session.url);
  }],
  ["mobile-paid", "Payment successful", async ({ page }, session) => {
    await stage.begin(session, { type: "mobile_money", phone: phones.mtn }, true);
    await comeBack(page, session.url);
  }],
];

for (const js of [true, false]) {
  describe(`every state is accessible ${js ? "with" : "without"} JavaScript`, () => {
    for (const [name, title, reach] of states) {
      test(name, () =>
        stage.visit(async (payer, session) => {
          await standStill(payer.page);
          await reach(payer, session);
          await heading(payer.page, title);
          await payer.inspect(name, widths);
        }, { js }));
    }
  });
}

for (const [name, options] of [
  ["dark", { colorScheme: "dark" }], ["french", { locale: "fr-FR" }],
]) {
  test(`the pages of a phone and a bank in ${name}`, async () => {
    for (const method of [{ type: "mobile_money", phone: phones.mtn }, { type: "bank_transfer" }]) {
      await stage.visit(async (payer, session) => {
        await stage.begin(session, method);
        await comeBack(payer.page, session.url);
        await payer.inspect(`${method.type === "bank_transfer" ? "transfer" : "prompt"}-${name}`,
          widths);
      }, options);
    }
  });
}
