# timeout: 2
# The guest's own watchdog ends this one.
sleep 1000
