// PayTo: the payer names an account, approves the agreement in the bank's app in a second tab, and
// the first page goes on by itself. With JavaScript and without, from 320 px up.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { accounts, BankApp, findHelp, monthlyAUD, name, payto, send, terms } from "./lib/payto.mjs";
import { eventually } from "./lib/kassa.mjs";
import { agreement, collected, customer, mandateOf, openCollect } from "./lib/series.mjs";
import { Stage } from "./lib/stage.mjs";
import { goOn, standStill } from "./lib/still.mjs";

const widths = [320, 390, 1280];
const h1 = (page, text) => page.getByRole("heading", { level: 1, name: text }).waitFor();
const account = { bsb: accounts.bsb, account: accounts.number };

let stage;
before(async () => (stage = await Stage.open()));
after(() => stage?.close());

/** Answers in the bank's app of a session's payer, in a browser of its own. */
async function atBank(session, button, options) {
  const app = await BankApp.open(stage, session, options);
  await app.press(button);
  await app.leave();
}

const stand = (page, js) => js || standStill(page);
const release = (page, js) => js || goOn(page);

const attempt = async (session) => {
  const { data } = await stage.kassa.call("GET", `/v1/payments?session=${session.id}`);
  return data[0];
};

// The first of all, while the list is short.
test("everybody's agreements, debits and refunds are in the bank's app", async () => {
  const session = await stage.kassa.openSession(stage.shop, payto);
  const payer = await stage.payer();
  await payer.page.goto(session.url);
  await send(payer.page, account);
  await atBank(session, "Approve");
  const paid = await stage.assertPaid(payer.page, session);
  await stage.kassa.call("POST", "/v1/refunds", { payment: paid.payment, amount: 1000 });
  const app = await BankApp.open(stage);
  await eventually("the refund is in the bank's app", async () => {
    await app.look();
    return app.page.getByText("Came back", { exact: true }).first().isVisible();
  });
  await app.payer.inspect("sim-payto", widths);
  await app.leave();
  await payer.leave();
});

for (const js of [true, false]) {
  describe(js ? "with JavaScript" : "without JavaScript", () => {
    test("a PayID is confirmed by name, approved in the bank's app, and paid", () =>
      stage.visit(async (payer, session) => {
        const { page } = payer;
        await stand(page, js);
        await h1(page, "Pay from your bank account with PayTo");
        await payer.inspect("payto", widths);
        await name(page, { payid: accounts.payid });
        await h1(page, "Is this your account?");
        await page.getByText("0412 345 678").waitFor();
        await page.getByText("Account name").waitFor();
        await page.getByText("once.", { exact: false }).first().waitFor();
        await payer.inspect("payto-confirm", widths);
        await page.getByRole("button", { name: "Send the request to my bank" }).click();
        await h1(page, "Approve it in your bank");
        await page.getByText("04xx xxx 678").first().waitFor();
        await payer.inspect("payto-approve", widths);
        await release(page, js);
        const app = await BankApp.open(stage, session, { js });
        const shown = await terms(app.page);
        assert.equal(shown["How often"], "Once");
        await app.payer.inspect("payto-bank", widths);
        await app.press("Approve");
        await app.leave();
        await stage.assertPaid(page, session);
        await page.goto(session.url);
        await h1(page, "Payment successful");
        await page.getByText("04xx xxx 678").waitFor();
        await payer.inspect("payto-paid", widths);
      }, { js, wishes: payto }));

    test("a BSB and account number show the bank's own steps", () =>
      stage.visit(async (payer, session) => {
        const { page } = payer;
        await stand(page, js);
        await name(page, account);
        await h1(page, "Is this your account?");
        await page.getByText("CommBank").waitFor();
        await payer.inspect("payto-confirm-account", widths);
        await page.getByRole("button", { name: "Send the request to my bank" }).click();
        await h1(page, "Approve it in your bank");
        await page.getByText("Pay & transfer › PayTo agreements").waitFor();
        const help = page.getByText("It can take a minute to appear");
        assert.equal(await help.isVisible(), false, "help is for those who ask for it");
        await findHelp(page);
        await payer.inspect("payto-approve-bank", widths);
        await page.getByLabel("Not your bank?").selectOption({ label: "NAB" });
        await page.getByRole("button", { name: "Show steps" }).click();
        await page.getByText("Payments › PayTo agreements").waitFor();
        assert.ok(await help.isVisible(), "another bank's steps leave the help open");
        await release(page, js);
        await atBank(session, "Approve", { js });
        await stage.assertPaid(page, session);
      }, { js, wishes: payto }));

    test("details that name no account are told at once, all of them", () =>
      stage.visit(async (payer) => {
        const { page } = payer;
        await name(page, { bsb: "06-200", account: "0000" });
        const wrong = page.getByRole("alert");
        await wrong.getByText("A BSB has 6 digits, this has 5").waitFor();
        await wrong.getByText("Check the account number: it is not all zeros").waitFor();
        await payer.inspect("payto-errors", widths);
        await name(page, { payid: "0412 345 67" });
        await wrong.getByText("An Australian mobile number has 10 digits, this has 9").waitFor();
        await payer.inspect("payto-error-payid", widths);
        await name(page, { payid: accounts.unknown });
        await page.getByText("no account is registered under it").first().waitFor();
      }, { js, wishes: payto }));

    test("whoever declines in the bank can try again", () =>
      stage.visit(async (payer, session) => {
        const { page } = payer;
        await stand(page, js);
        await send(page, { payid: accounts.payid });
        await release(page, js);
        await atBank(session, "Decline", { js });
        await page.getByText("You declined the agreement in your bank").waitFor();
        await payer.inspect("payto-declined", widths);
        const field = page.locator("#payid");
        assert.equal(await field.inputValue(), accounts.payid);
        await stand(page, js);
        await send(page, { payid: accounts.email });
        await release(page, js);
        await atBank(session, "Approve", { js });
        await stage.assertPaid(page, session);
      }, { js, wishes: payto }));

    test("changed details withdraw the request at the bank", () =>
      stage.visit(async (payer, session) => {
        const { page } = payer;
        await stand(page, js);
        await send(page, { payid: accounts.payid });
        const first = await attempt(session);
        await page.getByRole("button", { name: "Change the account details" }).click();
        await h1(page, "Pay from your bank account with PayTo");
        const app = await BankApp.open(stage, session, { js });
        assert.equal(await app.page.getByRole("button", { name: "Approve" }).count(), 0);
        await app.leave();
        await send(page, account);
        await release(page, js);
        await atBank(session, "Approve", { js });
        const paid = await stage.assertPaid(page, session);
        assert.notEqual(paid.payment, first.id);
      }, { js, wishes: payto }));

    test("a payment that the bank rejects is told in plain words", () =>
      stage.visit(async (payer, session) => {
        const { page } = payer;
        await stand(page, js);
        await send(page, { payid: accounts.noFunds });
        await release(page, js);
        await atBank(session, "Approve", { js });
        await page.getByText("There is not enough money in this account").waitFor();
        await page.getByText("AM04").waitFor();
        await payer.inspect("payto-rejected", widths);
        await stand(page, js);
        await send(page, account);
        await release(page, js);
        await atBank(session, "Approve", { js });
        await stage.assertPaid(page, session);
      }, { js, wishes: payto }));

    test("an account is saved alone, and pays the next time without the bank", async () => {
      const session = await openCollect(stage.kassa, { amount: 0, currency: "AUD" }, {
        customer: { name: "Mira Okafor", email: "mira@shop.example" },
        checkout_options: { return_url: `${stage.shop.origin}/done` },
      });
      const payer = await stage.payer({ js });
      const { page } = payer;
      await page.goto(session.session_url);
      await page.getByRole("link", { name: "PayTo", exact: true }).click();
      await h1(page, "Save your bank account with PayTo");
      await page.getByText("Nothing to pay now").waitFor();
      await payer.inspect("payto-save", widths);
      await stand(page, js);
      await send(page, { payid: accounts.payid });
      assert.equal(await page.getByText("starts by itself").count(), 0, "nothing is paid");
      await payer.inspect("payto-save-approve", widths);
      await release(page, js);
      await atBank({ url: session.session_url }, "Approve", { js });
      await page.waitForURL(/\/done/);
      const done = await collected(stage.kassa, session);
      assert.equal(done.payment_outcome, "payment_method_verified");
      await page.goto(session.session_url);
      await h1(page, "Account set up");
      await payer.inspect("payto-saved", widths);
      await payer.leave();
      await stage.visit(async ({ page: next }, later) => {
        await h1(next, "Pay with a saved method");
        await next.getByRole("radio", { name: "PayTo 04xx xxx 678" }).waitFor();
        await next.getByRole("button", { name: "Pay AUD 49.95" }).click();
        await stage.assertPaid(next, later);
      }, { js, wishes: { ...payto, customer: done.customer_id } });
    });

    test("the first of a series gives a mandate with the same terms at the bank", async () => {
      const who = await customer(stage.kassa);
      await stage.visit(async (payer, session) => {
        const { page } = payer;
        const words = await agreement(page);
        assert.ok(words.includes("The payment you make now is the first of these charges."));
        await payer.inspect("payto-series", widths);
        await stand(page, js);
        await send(page, { payid: accounts.payid });
        await release(page, js);
        const app = await BankApp.open(stage, session, { js });
        const shown = await terms(app.page);
        assert.equal(shown["How often"], "Every month, day 15");
        assert.equal(shown["At most"], "12 payments in all");
        await app.press("Approve");
        await app.leave();
        await stage.assertPaid(page, session);
        const given = await mandateOf(stage.kassa, who.id);
        assert.equal(given.status, "active");
        assert.equal(given.consent, words.join("\n"));
        const bank = await BankApp.open(stage, session, { js });
        await bank.press("Pause");
        await page.goto(given.manage_url);
        await page.getByText("It is paused at your bank").waitFor();
        await payer.inspect("payto-mandate-paused", widths);
        await bank.press("Resume");
        await page.reload();
        await page.getByText("Active", { exact: true }).waitFor();
        await bank.page.locator("summary").first().click();
        await bank.page.getByLabel("or BSB").fill("082-001");
        await bank.page.getByLabel("and account number").fill("87654321");
        await bank.page.getByRole("button", { name: "Move" }).click();
        await bank.page.getByText("Moved.").waitFor();
        await page.reload();
        await page.getByText("082-001 ••••4321").waitFor();
        await bank.press("Cancel agreement");
        await page.reload();
        await page.getByText("It was cancelled at your bank").waitFor();
        await bank.leave();
      }, { js, wishes: { ...monthlyAUD, customer: who.id } });
    });
  });
}

test("an agreement approved after the session has ended starts no payment", async () => {
  const own = await Stage.open();
  try {
    await own.visit(async (payer, session) => {
      const { page } = payer;
      await send(page, { payid: accounts.payid });
      // The app stays as it was while the time runs out, like a phone in a pocket.
      const app = await BankApp.open(own, session, { js: false });
      const approve = app.page.getByRole("button", { name: "Approve" });
      await approve.waitFor();
      await own.kassa.advance(26 * 3600);
      await h1(page, "This payment page has expired");
      await payer.inspect("payto-expired", widths);
      await approve.click();
      await app.page.getByText("Too late").waitFor();
      await app.leave();
      await own.kassa.advance(3600);
      assert.equal((await own.kassa.session(session.id)).payment_status, "unpaid");
      const [tried] = await own.payments();
      assert.equal(tried.status, "failed");
      assert.equal((await own.payments()).length, 1);
    }, { wishes: payto });
  } finally {
    await own.close();
  }
});

test("a payment that takes long says so, and the page can be left", () =>
  stage.visit(async (payer, session) => {
    const { page } = payer;
    await send(page, { payid: accounts.processing });
    await atBank(session, "Approve");
    await h1(page, "We are confirming your payment");
    await page.getByText("on its way from your bank").waitFor();
    await payer.inspect("payto-processing", widths);
  }, { wishes: payto }));

test("French payers read French", () =>
  stage.visit(async (payer) => {
    const { page } = payer;
    await h1(page, "Payer depuis votre compte bancaire avec PayTo");
    await page.locator("#payid").fill(accounts.email);
    await page.getByRole("button", { name: "Continuer" }).click();
    await h1(page, "Est-ce bien votre compte ?");
    await page.getByRole("button", { name: "Envoyer la demande à ma banque" }).click();
    await h1(page, "Approuvez dans votre banque");
    await payer.inspect("payto-french", widths);
  }, { locale: "fr-FR", wishes: payto }));

test("PayTo is one of several ways, and is offered for Australian dollars alone", () =>
  stage.visit(async (payer) => {
    await payer.page.getByRole("link", { name: "PayTo", exact: true }).click();
    await h1(payer.page, "Pay from your bank account with PayTo");
    await payer.inspect("payto-choice", widths);
  }, { wishes: { ...payto, payment_method_types: ["card", "payto"] } }));

describe("sessions of the PayTo protocol", () => {
  const merchant = "11111111-1111-4111-8111-111111111111";
  let request = 0;

  /** Calls the protocol, each time with a request id of its own. */
  const call = (method, route, body) => {
    request += 1;
    const id = `00000000-0000-4000-8000-${String(request).padStart(12, "0")}`;
    return stage.kassa.call(method, `/merchants/${merchant}${route}`, body, {
      headers: { "X-Request-Id": id },
    });
  };

  const open = (name, type) => call("POST", "/session/checkout", {
    merchantReturnUrl: `${stage.shop.origin}/done`,
    buyer: { buyerId: `buyer-${name}`, name: "Mira Okafor" },
    instrument: { instrumentId: `ins-${name}`, type },
    payment: { paymentId: `pay-${name}`, amount: 4995, description: "Order A-1001" },
  });

  const details = ({ sessionId }) => call("GET", `/session/${sessionId}`);

  /** Shows a payer a session's page, has its request approved, and lets work look at what follows. */
  async function visit(session, payid, work, { js }) {
    assert.match(session.redirectUrl, /[?&]sessionId=[0-9a-f-]{36}/);
    const payer = await stage.payer({ js });
    const { page } = payer;
    await page.goto(session.redirectUrl);
    await stand(page, js);
    await send(page, { payid });
    const shown = { url: page.url() };
    await release(page, js);
    await atBank(shown, "Approve", { js });
    await work(payer);
    await payer.leave();
  }

  /** Lets a payer pay a session, and returns its details afterwards. */
  async function payed(session, options) {
    const back = ({ page }) => page.waitForURL(`${stage.shop.origin}/done`);
    await visit(session, accounts.payid, back, options);
    return details(session);
  }

  for (const js of [true, false]) {
    const how = js ? "with" : "without";

    test(`a single payment ${how} JavaScript`, async () => {
      const done = await payed(await open(`once-${how}`, "OneOff"), { js });
      assert.equal(done.status, "Completed");
      assert.equal(done.payment.status, "Completed");
    });

    test(`a payment that the bank rejects is the session's last ${how} JavaScript`, async () => {
      const session = await open(`poor-${how}`, "OneOff");
      await visit(session, accounts.noFunds, async (payer) => {
        const { page } = payer;
        await h1(page, "Your payment did not go through");
        await page.getByText("There is not enough money in this account").waitFor();
        await page.getByText("AM04").waitFor();
        await payer.inspect("payto-rejected-last", widths);
        await page.getByRole("link", { name: /^Return to/ }).click();
        await page.waitForURL(`${stage.shop.origin}/done`);
      }, { js });
      const { payment } = await details(session);
      assert.equal(payment.status, "Rejected");
    });

    test(`an instrument is kept and charged again ${how} JavaScript`, async () => {
      const done = await payed(await open(`kept-${how}`, "Ongoing"), { js });
      assert.equal(done.instrument.status, "Active");
      const again = await call("POST", `/instruments/ins-kept-${how}/payment`, {
        paymentId: `pay-again-${how}`, amount: 1599,
      });
      assert.equal(again.amount, 1599);
      await eventually("the second payment is through", async () => {
        const now = await call("GET", `/payments/pay-again-${how}`);
        return now.status === "Completed";
      });
    });
  }
});
