package server

import (
	"context"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/worker"
)

// How often due work is looked for when nobody wakes the worker: what a crashed or another node
// left behind waits at most this long.
const (
	dueInterval   = time.Second
	pruneInterval = time.Hour
)

// chargesAtOnce is how many scheduled charges a node has at their networks at a time.
const chargesAtOnce = 8

// Names of the work that no other room wakes.
const (
	workDisk    pay.Work = "disk"
	workNetwork pay.Work = "simulated networks"
	workPrune   pay.Work = "prune"
)

// buildWorker lists all background work of the product.
func (s *Server) buildWorker() {
	s.worker = worker.New(timer{}, s.log,
		worker.Job{Name: workDisk, Interval: dueInterval, Run: s.Disk.Keep},
		worker.Job{Name: pay.WorkExpiry, Interval: dueInterval, Run: s.Pay.ExpireDue},
		worker.Job{Name: pay.WorkMandates, Interval: dueInterval, Run: s.Pay.ChargeDue},
		worker.Job{Name: pay.WorkPayments, Interval: dueInterval, Run: s.Pay.PollPayments},
		worker.Job{Name: pay.WorkRefunds, Interval: dueInterval, Run: s.Pay.PollRefunds},
		worker.Job{Name: workNetwork, Interval: dueInterval, Run: s.pumpNetworks},
		worker.Job{Name: pay.WorkNotices, Interval: dueInterval, Run: s.Pay.ProcessNotices},
		worker.Job{Name: pay.WorkFanOut, Interval: dueInterval, Run: s.sender.FanOut},
		worker.Job{Name: pay.WorkDelivery, Interval: dueInterval, Run: s.sender.Deliver,
			Settle: s.sender.Settle},
		worker.Job{Name: workPrune, Interval: pruneInterval, Run: s.Pay.Prune},
	)
	wake := s.worker.Wake
	s.wake.Store(&wake)
}

// timer is the machine's timer.
type timer struct{}

func (timer) After(d time.Duration) <-chan time.Time { return time.After(d) }

// pumpNetworks brings the simulated networks' notifications to our door.
func (s *Server) pumpNetworks(ctx context.Context) (int, error) {
	sum := 0
	for _, network := range s.networks() {
		n, err := network.Pump(ctx, s.Clock.Now(), noticeRows, s.door(network))
		if err != nil {
			return sum, err
		}
		sum += n
	}
	return sum, nil
}

// Start starts the background work.
func (s *Server) Start() { s.worker.Start(context.Background()) }

// Stop ends the background work and waits for what is in flight, for a while.
func (s *Server) Stop() {
	s.hangUp()
	ctx, cancel := context.WithTimeout(context.Background(), settleTime)
	defer cancel()
	if err := s.worker.Stop(ctx); err != nil {
		s.log.Warn("background work did not end in time", "error", err)
	}
	if err := s.sender.Close(ctx); err != nil {
		s.log.Warn("deliveries did not end in time; they will be made again", "error", err)
	}
}
