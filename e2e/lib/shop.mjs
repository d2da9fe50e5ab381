// The merchant's side: a shop with the two pages a payer returns to, and a webhook receiver that
// keeps every delivery exactly as it arrived.

import { once } from "node:events";
import { createServer } from "node:http";
import { eventually } from "./kassa.mjs";

const page = (title) => `<!doctype html>
<html lang="en"><link rel="icon" href="data:,"><title>${title}</title><h1>${title}</h1></html>`;

// A page of the shop that shows the payment page within itself, and writes down what it hears. Its
// policy lets in what the script is documented to need, and nothing else.
const embedding = (kassa) => `<!doctype html>
<html lang="en"><link rel="icon" href="data:,"><title>Checkout</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<main><h1>Checkout</h1><button id="open" type="button">Pay now</button>
<div id="here"></div><button id="send" type="button">Send order</button></main>
<script src="${kassa}/embed.js"></script>
<script nonce="shop">
const asked = new URLSearchParams(location.search);
window.heard = [];
const hear = (name) => (event) => heard.push({ name, ...event });
document.getElementById("open").onclick = () => {
  window.handle = Kassa.embed({
    clientToken: asked.get("token"), mode: asked.get("mode"), container: "#here",
    title: "Payment", onReady: hear("ready"), onSuccess: hear("success"),
    onFailure: hear("failure"), onRetry: hear("retry"), onCancel: hear("cancel"),
    onExpired: hear("expired"),
  });
};
document.getElementById("send").onclick = () => handle.submit();
document.body.dataset.loaded = "";
</script></html>`;

const embeddingPolicy = (kassa) => `default-src 'none'; script-src 'nonce-shop' ${kassa}; ` +
  `frame-src ${kassa}; img-src data:; require-trusted-types-for 'script'; trusted-types 'none'`;

/** A shop on a loopback port. Make one with Shop.open, end it with close. */
export class Shop {
  // Who hangs up in the middle of a request has said nothing.
  #server = createServer((request, response) =>
    this.#serve(request, response).catch(() => response.destroy()));

  /** Deliveries in the order of their arrival: {at, headers, body}, the body as raw bytes. */
  deliveries = [];
  /** The status that the receiver answers. */
  answer = 200;

  static async open() {
    const shop = new Shop();
    shop.#server.listen(0, "127.0.0.1");
    await once(shop.#server, "listening");
    const { port } = shop.#server.address();
    shop.origin = `http://127.0.0.1:${port}`;
    // The same shop on another site than the payment page, as browsers see it.
    shop.elsewhere = `http://localhost:${port}`;
    return shop;
  }

  async #serve(request, response) {
    const { pathname, searchParams } = new URL(request.url, this.origin);
    if (request.method === "POST" && pathname === "/hooks") {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      this.deliveries.push({ at: Date.now(), headers: request.headers, body });
      response.writeHead(this.answer, { "Content-Type": "application/json" });
      response.end(JSON.stringify({ received: true }));
      return;
    }
    if (pathname === "/checkout") {
      const kassa = searchParams.get("kassa");
      response.writeHead(200, {
        "Content-Type": "text/html", "Content-Security-Policy": embeddingPolicy(kassa),
      });
      response.end(embedding(kassa));
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
