// Prints results the way `go test` does, so that one reader counts both halves of the test run.

const seconds = (ms) => `${((ms ?? 0) / 1000).toFixed(2)}s`;

function cause(error) {
  const inner = error?.cause ?? error;
  return String(inner?.stack ?? inner).replace(/^/gm, "        ");
}

export default async function* report(events) {
  const started = Date.now();
  const count = { pass: 0, fail: 0 };
  const path = [];
  for await (const { type, data } of events) {
    switch (type) {
      case "test:start":
        path.length = data.nesting;
        path.push(data.name.replaceAll(" ", "_"));
        yield `=== RUN   ${path.join("/")}\n`;
        break;
      case "test:pass":
      case "test:fail": {
        if (data.details.type === "suite") break;
        const name = [...path.slice(0, data.nesting), data.name.replaceAll(" ", "_")].join("/");
        const word = type === "test:fail" ? "FAIL" : data.skip !== undefined ? "SKIP" : "PASS";
        count[type === "test:fail" ? "fail" : "pass"]++;
        yield `--- ${word}: ${name} (${seconds(data.details.duration_ms)})\n`;
        if (type === "test:fail") yield `${cause(data.details.error)}\n`;
        break;
      }
      case "test:stderr":
      case "test:stdout":
        yield data.message;
        break;
    }
  }
  const took = seconds(Date.now() - started);
  const none = count.pass + count.fail === 0;
  yield count.fail > 0 || none ? `FAIL\te2e\t${took}\n` : `ok  \te2e\t${took}\n`;
}
