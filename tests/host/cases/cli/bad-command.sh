# exit: 1
# expect-err-re: Failed to fork child: Path 'nonexistent-command' does not exist or is not executable
skep -c nonexistent-command -e 'begin { }'
