package vault

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/kassa-pay/kassa/internal/ident"
)

func TestLoad_MakesTheFileOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	first, err := Load(path, ident.Random())
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != fileMode {
		t.Fatalf("mode = %v, %v; want %#o", info.Mode(), err, fileMode)
	}
	sealed := first.Seal("p", []byte("kept"))
	again, err := Load(path, ident.Random())
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := again.Open("p", sealed); err != nil || string(plain) != "kept" {
		t.Errorf("after a restart Open = %q, %v", plain, err)
	}
	if again.Check() != first.Check() {
		t.Error("after a restart the check does not match")
	}
	onlyFile(t, path)
}

func onlyFile(t *testing.T, path string) {
	t.Helper()
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 || left[0].Name() != filepath.Base(path) {
		t.Errorf("the folder holds %v, %v; want the key file alone", left, err)
	}
}

func TestLoad_TwoFilesAreTwoSecrets(t *testing.T) {
	dir := t.TempDir()
	a, err := Load(filepath.Join(dir, "a"), ident.Random())
	if err != nil {
		t.Fatal(err)
	}
	b, err := Load(filepath.Join(dir, "b"), ident.Random())
	if err != nil {
		t.Fatal(err)
	}
	if a.Check() == b.Check() {
		t.Error("two installations have the same secret")
	}
}

func TestLoad_NodesThatStartTogetherAgree(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	checks := make([]string, 16)
	var wg sync.WaitGroup
	for i := range checks {
		wg.Go(func() {
			v, err := Load(path, ident.Random())
			if err != nil {
				t.Error(err)
				return
			}
			checks[i] = v.Check()
		})
	}
	wg.Wait()
	for _, check := range checks {
		if check != checks[0] {
			t.Fatal("two nodes have different secrets")
		}
	}
	onlyFile(t, path)
}

func TestLoad_RefusesBadFiles(t *testing.T) {
	good := version + strings.Repeat("0a", KeySize) + "\n"
	tests := []struct {
		name, text string
		mode       os.FileMode
		says       string // part of the error; empty when the file is fine
	}{
		{"good", good, 0o600, ""},
		{"read only", good, 0o400, ""},
		{"without a line end", strings.TrimSpace(good), 0o600, ""},
		{"group may read", good, 0o640, "chmod 600"},
		{"world may read", good, 0o604, "chmod 600"},
		{"world may write", good, 0o602, "chmod 600"},
		{"empty", "", 0o600, "not a key file"},
		{"later version", strings.Replace(good, "-1", "-2", 1), 0o600, "not a key file"},
		{"cut", good[:len(good)-3], 0o600, "damaged"},
		{"too long", strings.TrimSpace(good) + "00", 0o600, "damaged"},
		{"not hexadecimal", strings.Replace(good, "0a", "0z", 1), 0o600, "damaged"},
		{"two lines", good + good, 0o600, "damaged"},
		{"huge", good + strings.Repeat("0", 2*maxFileSize), 0o600, "damaged"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), FileName)
			if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, test.mode); err != nil {
				t.Fatal(err)
			}
			_, err := Load(path, ident.Random())
			switch {
			case test.says == "" && err != nil:
				t.Fatal(err)
			case test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)):
				t.Fatalf("err = %v, want one that says %q", err, test.says)
			case err != nil && strings.Contains(err.Error(), "0a0a"):
				t.Errorf("the error shows the secret: %v", err)
			}
			kept, err := os.ReadFile(path)
			if err != nil || string(kept) != test.text {
				t.Error("the file was changed")
			}
		})
	}
}

func TestLoad_RefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir, ident.Random()); err == nil {
		t.Error("a folder was taken for a key file")
	}
	if _, err := Load(filepath.Join(dir, "missing", FileName), ident.Random()); err == nil {
		t.Error("a key file was made in a folder that does not exist")
	}
}
