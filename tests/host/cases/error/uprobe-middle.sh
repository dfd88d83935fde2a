# An offset inside of an instruction is refused, with the nearest ones that are good.
# requires: uname -m | grep -q x86_64
# expect-re: ERROR: Could not add uprobe into middle of instruction: target_step\+1$
# expect-re: ^HINT: instructions start at \+0 and at \+[2-9]$
file=$(command -v target)
skep --dry-run -e "uprobe:$file:target_step+1 { }" 2>&1 && exit 1
at=$(skep --dry-run -e "uprobe:$file:target_step+1 { }" 2>&1 | sed -n 's/.* and at +//p')
skep --dry-run -c true -e "uprobe:$file:target_step+$at { }"
