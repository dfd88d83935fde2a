# The gate of an unstable feature: said once, not at all, an error.
# expect: 1
# expect: 0
# expect-re: ^stdin:1:[0-9]+-[0-9]+: ERROR: dw_ustack feature is not enabled by default\.
use='begin { @a = dw_ustack; @b = dw_ustack(3); @c = dw_ustack; }'
skep --dry-run -e "$use" 2>&1 | grep -c '^WARNING: Script is using an unstable feature: dw_ustack\. To prevent this warning you must explicitly enable it in the config e\.g\. unstable_dw_ustack=enable$'
skep --dry-run -e "config = { unstable_dw_ustack = enable } $use" 2>&1 | grep -c unstable
SKEP_UNSTABLE_DW_USTACK=error BPFTRACE_UNSTABLE_DW_USTACK=error skep --dry-run -e "$use" 2>&1
exit 0
