package pgtest

// cleanup reads the ids of postmasters, one a line and 0 for none, until the test process is gone: then it ends the
// last one and removes the folder ($1). An immediate shutdown ends the server's other processes too. The
// bound is for containers in which nobody collects orphans, whose ids then stay for ever.
const cleanup = `
pid=0
while read -r line; do pid=$line; done
n=0
if [ "$pid" -gt 1 ]; then
	kill -QUIT "$pid"
	while kill -0 "$pid" && [ $n -lt 50 ]; do sleep 0.1; n=$((n + 1)); done
	[ $n -lt 50 ] || kill -KILL "$pid"
fi
rm -rf -- "$1"
`
