package ldaptest

// cleanup reads the ids of servers, one a line and 0 for none, until the test process is gone: then it ends the last one
// and removes the folder ($1).
const cleanup = `
pid=0
while read -r line; do pid=$line; done
[ "$pid" -le 1 ] || kill -KILL "$pid"
rm -rf -- "$1"
`
