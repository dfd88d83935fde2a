# timeout: 1
# Freezes the case runner and its watchdog: only the host is left to notice.
for stat in /proc/[0-9]*/cmdline; do
	pid=${stat#/proc/}
	pid=${pid%/cmdline}
	case $(tr '\0' ' ' <"$stat") in
	*case-runner.sh* | *watchdog*) kill -STOP "$pid" ;;
	esac
done
sleep 1000
