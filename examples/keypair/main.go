// Command keypair logs in to hermesd with an Ed25519 key in a PEM file. It signs for ORIGIN only.
package main

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"

	"github.com/hermes-voip/go-hermes/hermes"
)

func main() {
	if len(os.Args) != 5 {
		log.Fatal("usage: keypair URL ORIGIN KEY-ID FILE")
	}
	session, err := login(os.Args[1], os.Args[2], os.Args[3], os.Args[4])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session["session"], session["auth_key"])
}

func login(server, origin, id, file string) (map[string]any, error) {
	text, err := os.ReadFile(file)
	var parsed any
	if block, _ := pem.Decode(text); block != nil {
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s: want an Ed25519 private key in PEM: %v", file, err)
	}
	challenge, err := call(server+"/api/auth/challenge", url.Values{"key": {id}})
	if err != nil || challenge["origin"] != origin {
		return nil, fmt.Errorf("this is not %s: %v, %v", origin, challenge["origin"], err)
	}
	nonce := fmt.Sprint(challenge["nonce"])
	sig := base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, hermes.LoginMessage(origin, id, hermes.NewSecret(nonce))))
	return call(server+"/api/auth/login", url.Values{"key": {id}, "nonce": {nonce}, "signature": {sig}})
}

func call(node string, form url.Values) (answer map[string]any, err error) {
	res, err := http.PostForm(node, form)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if err = json.NewDecoder(res.Body).Decode(&answer); err == nil && answer["response"] != "ok" {
		err = fmt.Errorf("%v/%v: %v", answer["response"], answer["cause"], answer["detail"])
	}
	return answer, err
}
