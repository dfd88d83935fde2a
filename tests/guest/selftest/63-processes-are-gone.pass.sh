for stat in /proc/[0-9]*/cmdline; do
	if [ "$(tr '\0' ' ' <"$stat" 2>/dev/null)" = "sleep 4321 " ]; then
		echo "$stat is still there"
		exit 1
	fi
done
