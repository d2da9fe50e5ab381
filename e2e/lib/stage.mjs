// Everything one test file needs: a server, a shop that listens to it, a browser.

import assert from "node:assert/strict";
import { launch, Payer } from "./browser.mjs";
import { eventually, Kassa } from "./kassa.mjs";
import { Shop } from "./shop.mjs";
import { verify } from "./webhook.mjs";

const backWithin = 60_000; // a page without JavaScript may be held for 25 s

/** A server, a shop and a browser. Make one with Stage.open, end it with close. */
export class Stage {
  #devices = new Map();

  /** flags are the server's, besides those of Kassa.start. */
  static async open(...flags) {
    const stage = new Stage();
    try {
      stage.browser = await launch();
      stage.shop = await Shop.open();
      stage.kassa = await Kassa.start(...flags);
      stage.endpoint = await stage.shop.subscribe(stage.kassa);
    } catch (error) {
      await stage.close();
      throw error;
    }
    return stage;
  }

  /** Closes all there is, also when one of them complains: what stays open would keep node up. */
  async close() {
    try {
      await this.browser?.close();
      await this.kassa?.stop();
    } finally {
      await this.shop?.close();
    }
  }

  /** A payer who may talk to the server and the shop only. options are those of Payer.arrive. */
  payer(options = {}) {
    const origins = [this.kassa.origin, this.shop.origin];
    return Payer.arrive(this.browser, { origins, ...options });
  }

  /**
   * The payer's own phone, on which the other side of the counter is: the same for all tests of a
   * file, as in life, because a browser's context costs more than most of what is done in it. It is
   * given back by rest.
   */
  async device({ js = true } = {}) {
    if (!this.#devices.has(js)) this.#devices.set(js, await this.payer({ js }));
    return this.#devices.get(js);
  }

  /**
   * Opens a session, shows its page to a payer and lets work happen; then looks at how the page
   * behaved. options are those of Payer.arrive, and wishes for the session.
   */
  async visit(work, { wishes, ...options } = {}) {
    const session = await this.kassa.openSession(this.shop, wishes);
    const payer = await this.payer(options);
    try {
      await payer.page.goto(session.url);
      await work(payer, session);
    } catch (error) {
      await payer.close();
      throw error;
    }
    await payer.leave();
  }

  /** Expects the browser at the shop with the real id, and the session paid. */
  async assertPaid(page, session) {
    // Looked up rather than waited for: a way there that another click cut off is no failure.
    const done = `${this.shop.origin}/done?session_id=${session.id}`;
    await eventually(`the payer is at ${done}`, () => page.url() === done, backWithin);
    await page.waitForLoadState();
    const paid = await this.kassa.session(session.id);
    assert.equal(paid.status, "complete");
    assert.equal(paid.payment_status, "paid");
    assert.match(paid.payment, /^pay_/);
    return paid;
  }

  /** Expects word of a session at the shop that both verifiers accept, and returns the event. */
  async assertTold(type, session) {
    return verify(await this.shop.delivery(type, session.id), this.endpoint.secret);
  }

  /** Pays a session in the payer's place, without a browser. */
  payByHelper(session, number, approve = true) {
    const payment_method = { type: "card", number: number.replaceAll(" ", ""), exp_month: 12,
      exp_year: 2034, cvc: "123" };
    const route = `/v1/test_helpers/sessions/${session.id}/pay`;
    return this.kassa.request("POST", route, { body: { payment_method, approve } });
  }

  /** Begins to pay a session by any method, without a browser. The payment comes back. */
  begin(session, payment_method, approve) {
    const route = `/v1/test_helpers/sessions/${session.id}/pay`;
    return this.kassa.call("POST", route, { payment_method, approve });
  }

  /** Pays a session by a transfer of so much, in minor units. The payment comes back. */
  async transfer(session, amount) {
    const { id } = await this.begin(session, { type: "bank_transfer" });
    return this.kassa.call("POST", `/v1/test_helpers/transfers/${id}`, { amount });
  }

  /** Waits until a payment has a status. */
  settled(id, status) {
    return eventually(`payment ${id} is ${status}`, async () => {
      const payment = await this.kassa.call("GET", `/v1/payments/${id}`);
      return payment.status === status && payment;
    });
  }

  /** The payments the server made, newest first. */
  async payments() {
    return (await this.kassa.call("GET", "/v1/payments?limit=100")).data;
  }
}
