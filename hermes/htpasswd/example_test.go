package htpasswd_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/htpasswd"
)

func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "users")
	line := "alice:$2y$05$.eu5eADW7iLSI5j/XSG.EunOfwSZAVya6P6tQRnWAPw4RwuR6TpwK\n" // htpasswd -B
	if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
		panic(err)
	}
	backend, err := htpasswd.Open(path)
	if err != nil {
		panic(err)
	}
	fmt.Println(backend.Verify(context.Background(), nil, "alice", hermes.NewSecret("correct horse battery")))
	fmt.Println(backend.Verify(context.Background(), nil, "alice", hermes.NewSecret("wrong password")))
	// Output:
	// true <nil>
	// false <nil>
}
