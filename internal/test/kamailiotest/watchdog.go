package kamailiotest

// cleanup keeps a list of process groups until the test process is gone: then it ends those
// that are left, Kamailio's children among them, and removes the folder ($1).
const cleanup = `
groups=" "
while read -r what id; do
	case $what in
	begin) groups="$groups$id " ;;
	end) groups="${groups%%" $id "*} ${groups#*" $id "}" ;;
	esac
done
for id in $groups; do kill -s KILL -- "-$id"; done
rm -rf -- "$1"
`
