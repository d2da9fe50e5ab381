// What a payer does who pays by phone or from a bank, on our page and on the other side of the
// counter, by the words that are there.

import { write } from "./browser.mjs";
import { eventually } from "./kassa.mjs";

/** Numbers of the simulated mobile money networks, by what they do. */
export const phones = {
  mtn: "024 123 4567",
  telecel: "020 123 4567",
  airteltigo: "027 123 4567",
  ported: "024 123 0007",
  code: "024 123 0010",
  paidTooLate: "024 123 0022",
};

/** The networks by the names payers know them by. */
export const networks = {
  mtn: "MTN Mobile Money",
  telecel: "Telecel Cash",
  airteltigo: "AirtelTigo Money",
};

/** Chooses one of the ways to pay. The form is there afterwards, with its script. */
export async function choose(page, way) {
  await page.getByRole("link", { name: way, exact: true }).click();
  await page.waitForLoadState();
}

/** Fills the mobile money form and sends it. Without a network the number's prefix decides. */
export async function payByPhone(page, number, network) {
  const field = page.getByLabel("Mobile money number");
  if (!(await field.isVisible())) await choose(page, "Mobile money");
  await write(field, number);
  if (network) await page.getByLabel(network).check();
  await page.getByRole("button", { name: "Pay GHS 50.00" }).click();
}

/** Asks for the details of a bank transfer. */
export async function payByBank(page) {
  await choose(page, "Bank transfer");
  await page.getByRole("button", { name: "Show bank details" }).click();
}

// The payer's own phone and bank are a page of their own, opened by the same key.
const counterOf = (session) => session.url.replace("/checkout/", "/sim/session/");

/** The other side of the counter, on the payer's phone. */
export class Counter {
  static async open(stage, session, options) {
    const counter = new Counter();
    counter.payer = await stage.device(options);
    counter.page = counter.payer.page;
    counter.address = counterOf(session);
    await counter.look();
    return counter;
  }

  look() {
    return this.page.goto(this.address);
  }

  /** Looks until there is what the payer needs. Without scripts no page brings it by itself. */
  #find(what, there) {
    return eventually(`${what} on the payer's page`, async () => {
      await this.look();
      return there.isVisible();
    });
  }

  /** Answers the prompt on the phone: Approve with a PIN, or Reject. */
  async answer(button, pin = "1234") {
    const found = this.page.getByRole("button", { name: button });
    await this.#find(button, found);
    if (button === "Approve") await this.page.getByLabel("PIN").fill(pin);
    await found.click();
  }

  /** Reads the one-time code of the message on the phone. */
  async code() {
    const message = this.page.locator(".otp").first();
    await this.#find("a code", message);
    return message.innerText();
  }

  /** Sends an amount, such as 30.00, from the bank. */
  async send(amount) {
    const field = this.page.getByLabel("Amount to send").first();
    const folded = this.page.locator("summary").first(); // what has been paid
    await this.#find("a transfer", this.page.getByText("Asked for").first());
    if (!(await field.isVisible())) await folded.click();
    await field.fill(amount);
    await this.page.getByRole("button", { name: "Send" }).first().click();
  }

  leave() {
    return this.payer.rest();
  }
}
