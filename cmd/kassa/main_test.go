package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience is how long a script waits for what happens in another process.
const patience = time.Minute

// The ports of servers lie below those that a system gives to who asks for any, so that nobody has
// taken one by the time its server starts. None is given out twice.
const (
	firstPort = 20_000
	ports     = 10_000
)

var lastPort atomic.Int64

func TestMain(m *testing.M) {
	lastPort.Store(rand.N[int64](ports))
	testscript.Main(m, map[string]func(){"kassa": main})
}

// TestScripts runs what an operator types. Besides the usual commands of testscript there are:
//
//	port NAME                    sets NAME to an address of loopback that is free
//	put NAME FILE                sets NAME to what the file, or stdout, holds
//	id NAME KEY                  sets NAME to the id of an API key
//	ready ADDR                   waits for the server there
//	ask [soon] STATUS KEY ADDR   calls the API with a key; soon waits for the status
//	buy NAME KEY ADDR PHONE      asks a phone for 50 cedi; sets NAME to the id of the payment
//	newer FILE                   makes a SQLite database newer than the program
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"port": port, "put": put, "id": id, "ready": ready, "ask": ask, "buy": buy, "newer": newer,
		},
		RequireExplicitExec: true,
	})
}

func port(ts *testscript.TestScript, _ bool, args []string) {
	for range ports {
		addr := fmt.Sprint("127.0.0.1:", firstPort+lastPort.Add(1)%ports)
		ln, err := net.Listen("tcp", addr)
		if err == nil {
			ts.Setenv(args[0], addr)
			ts.Check(ln.Close())
			return
		}
	}
	ts.Fatalf("no port is free")
}

func put(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}

func id(ts *testscript.TestScript, _ bool, args []string) {
	const public = len("sk_test_") + 16
	ts.Setenv(args[0], args[1][:public])
}

func newer(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	_, err = db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)")
	ts.Check(err)
	ts.Check(db.Close())
}

func ready(ts *testscript.TestScript, _ bool, args []string) {
	await(ts, http.StatusOK, "", "http://"+args[0]+"/readyz")
}

func ask(ts *testscript.TestScript, _ bool, args []string) {
	soon := args[0] == "soon"
	if soon {
		args = args[1:]
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	url := "http://" + args[2] + "/v1/payments"
	if soon {
		await(ts, want, args[1], url)
		return
	}
	got, err := status(args[1], url)
	ts.Check(err)
	if got != want {
		ts.Fatalf("%s answers %d, want %d", url, got, want)
	}
}

func buy(ts *testscript.TestScript, _ bool, args []string) {
	body := `{"amount":5000,"currency":"GHS","payment_method":"mobile_money",` +
		`"phone":"` + args[3] + `"}`
	req, err := http.NewRequest(http.MethodPost, "http://"+args[2]+"/v1/payments",
		strings.NewReader(body))
	ts.Check(err)
	req.Header.Set("Authorization", "Bearer "+args[1])
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer res.Body.Close()
	var payment struct{ ID string }
	ts.Check(json.NewDecoder(res.Body).Decode(&payment))
	ts.Setenv(args[0], payment.ID)
}

func await(ts *testscript.TestScript, want int, key, url string) {
	said := ""
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		got, err := status(key, url)
		if got == want {
			return
		}
		said = fmt.Sprint(got, err)
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("%s does not answer %d: %s", url, want, said)
}

func status(key, url string) (int, error) {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}
