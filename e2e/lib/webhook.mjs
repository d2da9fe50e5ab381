// Two verifiers that share no code with the server, one for each set of signature headers.

import Stripe from "stripe";
import { Webhook } from "standardwebhooks";

const stripe = new Stripe("sk_test_unused");

/**
 * Verifies a delivery both ways with the endpoint's one secret and returns the event. Throws when
 * either signature is wrong, or too old.
 */
export function verify({ headers, body }, secret) {
  const standard = new Webhook(secret).verify(body, headers);
  const event = stripe.webhooks.constructEvent(body, headers["x-paygate-signature"], secret);
  if (event.id !== standard.id || headers["webhook-id"] !== event.id) {
    throw new Error(`the two verifiers read different events: ${event.id}, ${standard.id}`);
  }
  return event;
}
