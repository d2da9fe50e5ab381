// The merchant's side: a shop with the two pages a payer returns to, and a webhook receiver that
// keeps every delivery exactly as it arrived.

import { once } from "node:events";
import { createServer } from "node:http";
import { eventually } from "./kassa.mjs";

const page = (title) => `<!doctype html>
<html lang="en"><link rel="icon" href="data:,"><title>${title}</title><h1>${title}</h1></html>`;

/** A shop on a loopback port. Make one with Shop.open, end it with close. */
export class Shop {
  #server = createServer((request, response) => this.#serve(request, response));

  /** Deliveries in the order of their arrival: {at, headers, body}, the body as raw bytes. */
  deliveries = [];
  /** The status that the receiver answers. */
  answer = 200;

  static async open() {
    const shop = new Shop();
    shop.#server.listen(0, "127.0.0.1");
    await once(shop.#server, "listening");
    shop.origin = `http://127.0.0.1:${shop.#server.address().port}`;
    return shop;
  }

  async #serve(request, response) {
    const { pathname } = new URL(request.url, this.origin);
    if (request.method === "POST" && pathname === "/hooks") {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      this.deliveries.push({ at: Date.now(), headers: request.headers, body });
      response.writeHead(this.answer, { "Content-Type": "application/json" });
      response.end(JSON.stringify({ received: true }));
      return;
    }
    const titles = { "/done": "Thank you for your order", "/basket": "Your basket" };
    response.writeHead(titles[pathname] ? 200 : 404, { "Content-Type": "text/html" });
    response.end(page(titles[pathname] ?? "No such page"));
  }

  /** Waits for a delivery about an object: of this event type, with this id in it. */
  delivery(type, id) {
    return eventually(`a delivery of ${type} for ${id}`, () =>
      this.deliveries.find(({ body }) => {
        const event = JSON.parse(body);
        return event.type === type && event.data.object.id === id;
      }),
    );
  }

  /** Registers the receiver with the server; the endpoint with its secret comes back. */
  subscribe(kassa, events = ["checkout.session.completed", "checkout.session.expired"]) {
    return kassa.call("POST", "/v1/webhooks", { url: `${this.origin}/hooks`, events });
  }

  async close() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
