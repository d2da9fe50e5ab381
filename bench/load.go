package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// shot is one request of a load, as bytes, and the status it must be answered with.
type shot struct {
	bytes  []byte
	status string
}

// post and get make shots. They are built by hand because a general client would cost more than the
// server that is being measured.
func post(path, body string) shot {
	return shot{fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		path, benchKey, len(body), body), "201"}
}

func get(path string) shot {
	return shot{fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n\r\n",
		path, benchKey), "200"}
}

// result is what a load came to.
type result struct {
	done    int
	seconds float64
	times   []time.Duration // sorted
}

func (r result) rate() float64 { return float64(r.done) / r.seconds }

func (r result) quantile(q float64) time.Duration {
	if len(r.times) == 0 {
		return 0
	}
	return r.times[min(int(q*float64(len(r.times))), len(r.times)-1)]
}

// load sends shots over connections for a while. rate bounds the requests a second; 0 does not.
type load struct {
	addr        string
	connections int
	duration    time.Duration
	rate        float64
	next        func(connection, i int) shot
}

func (l load) run() (result, error) {
	start := time.Now()
	results := make([]result, l.connections)
	errs := make([]error, l.connections)
	var all sync.WaitGroup
	for c := range l.connections {
		all.Go(func() { results[c], errs[c] = l.client(c, start) })
	}
	all.Wait()
	sum := result{seconds: time.Since(start).Seconds()}
	for c := range results {
		if errs[c] != nil {
			return sum, errs[c]
		}
		sum.done += results[c].done
		sum.times = append(sum.times, results[c].times...)
	}
	slices.Sort(sum.times)
	return sum, nil
}

// client is one connection: a request, its answer, the next.
func (l load) client(c int, start time.Time) (result, error) {
	var out result
	conn, err := net.Dial("tcp", l.addr)
	if err != nil {
		return out, err
	}
	defer conn.Close()
	r := bufio.NewReaderSize(conn, 8<<10)
	pause := time.Duration(0)
	if l.rate > 0 {
		pause = time.Duration(float64(l.connections) / l.rate * float64(time.Second))
	}
	due := start.Add(pause * time.Duration(c) / time.Duration(l.connections))
	for i := 0; time.Since(start) < l.duration; i++ {
		if pause > 0 {
			time.Sleep(time.Until(due))
		}
		s := l.next(c, i)
		sent := time.Now()
		if pause > 0 {
			sent, due = due, due.Add(pause) // a late start is the server's fault, too
		}
		if _, err := conn.Write(s.bytes); err != nil {
			return out, err
		}
		if err := s.answered(r); err != nil {
			return out, err
		}
		out.done++
		out.times = append(out.times, time.Since(sent))
	}
	return out, nil
}

// answered reads one answer and checks its status.
func (s shot) answered(r *bufio.Reader) error {
	line, err := r.ReadString('\n')
	if err != nil {
		return err
	}
	length := 0
	for {
		h, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		if h == "\r\n" {
			break
		}
		if v, ok := strings.CutPrefix(h, "Content-Length: "); ok {
			if length, err = strconv.Atoi(strings.TrimSpace(v)); err != nil {
				return err
			}
		}
	}
	if f := strings.Fields(line); len(f) < 2 || f[1] != s.status {
		body, _ := io.ReadAll(io.LimitReader(r, int64(length)))
		return fmt.Errorf("answer %q, wanted %s: %s", strings.TrimSpace(line), s.status, body)
	}
	_, err = r.Discard(length)
	return err
}
