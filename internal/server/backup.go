package server

import (
	"context"
	"log/slog"

	"github.com/kassa-pay/kassa/internal/config"
)

// Backup copies the embedded database to a new file, while a server may be at work on it.
func Backup(ctx context.Context, c config.Config, log *slog.Logger, path string) error {
	db, _, err := open(ctx, c, log)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Backup(ctx, path)
}
