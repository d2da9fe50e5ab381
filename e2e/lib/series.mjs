// What lasts beyond one payment: saved methods, mandates, and sessions of the collect family.

import assert from "node:assert/strict";

/** What a session asks for that is the first of a series: GHS 50.00 each month, charged by itself. */
export const monthly = {
  mandate: {
    amount: { exact: 5000 },
    recurrence: { unit: "month", month_days: [15] },
    time_zone: "Africa/Accra",
    max_occurrences: 12,
    schedule: { time: "09:00" },
  },
  customer_email: "ama@shop.example",
};

/** The sentences of an agreement on the page, in their order. */
export async function agreement(page) {
  await page.getByRole("heading", { name: /^What you agreed? to/ }).waitFor();
  return page.locator(".agreement li, .words li").allInnerTexts();
}

/** A mandate as the API has it now. */
export const mandate = (kassa, id) => kassa.call("GET", `/v1/mandates/${id}`);

/** The one mandate of a customer. */
export async function mandateOf(kassa, customer) {
  const { data } = await kassa.call("GET", `/v1/mandates?customer=${customer}`);
  assert.equal(data.length, 1, "the customer gave one mandate");
  return mandate(kassa, data[0].id);
}

/** Moves the test clock to so many seconds after a time. */
export async function goTo(kassa, time, seconds) {
  const { now } = await kassa.call("GET", "/v1/test_helpers/clock");
  await kassa.advance(Math.round((Date.parse(time) - Date.parse(now)) / 1000) + seconds);
}

/** Adds a customer. */
export const customer = (kassa) =>
  kassa.call("POST", "/v1/customers", { name: "Ama Mensah", email: "ama@shop.example" });

/** The methods a customer has saved. */
export const savedBy = async (kassa, { id }) =>
  (await kassa.call("GET", `/v1/payment_methods?customer=${id}`)).data;

/** Opens a session of the collect family. */
export const openCollect = (kassa, body, options) =>
  kassa.call("POST", "/collect/payment_sessions", {
    amount: 5000, currency: "GHS", ...body, options,
  });

/** A session of the collect family as it is now. */
export const collected = (kassa, { id }) => kassa.call("GET", `/collect/payment_sessions/${id}`);
