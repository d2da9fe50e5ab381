package store

import (
	"context"
	"errors"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

var errNotYet = errors.New("not built yet")

func (v view) SavedMethod(ctx context.Context, sc pay.Scope, id string) (pay.SavedMethod, error) {
	return pay.SavedMethod{}, errNotYet
}
func (v view) SavedMethods(ctx context.Context, sc pay.Scope, f pay.MethodFilter) ([]pay.SavedMethod, error) {
	return nil, nil
}
func (v view) Mandate(ctx context.Context, sc pay.Scope, id string) (pay.Mandate, error) {
	return pay.Mandate{}, errNotYet
}
func (v view) MandateByID(ctx context.Context, id string) (pay.Mandate, error) {
	return pay.Mandate{}, errNotYet
}
func (v view) Mandates(ctx context.Context, sc pay.Scope, f pay.MandateFilter) ([]pay.Mandate, error) {
	return nil, nil
}
func (v view) MandateWindow(ctx context.Context, id string, start time.Time) (pay.MandateWindow, error) {
	return pay.MandateWindow{}, errNotYet
}
func (w *work) LockMethod(ctx context.Context, id string) (pay.SavedMethod, error) {
	return pay.SavedMethod{}, errNotYet
}
func (w *work) InsertMethod(ctx context.Context, m pay.SavedMethod) error { return errNotYet }
func (w *work) SwapMethod(ctx context.Context, m pay.SavedMethod) error   { return errNotYet }
func (w *work) LockMandate(ctx context.Context, id string) (pay.Mandate, error) {
	return pay.Mandate{}, errNotYet
}
func (w *work) InsertMandate(ctx context.Context, m pay.Mandate, dueAt time.Time) error {
	return errNotYet
}
func (w *work) SwapMandate(ctx context.Context, m pay.Mandate, dueAt time.Time) error {
	return errNotYet
}
func (w *work) LockDueMandates(ctx context.Context, now time.Time, limit int) ([]pay.Mandate, error) {
	return nil, nil
}
func (w *work) PutMandateWindow(ctx context.Context, x pay.MandateWindow) error { return errNotYet }
