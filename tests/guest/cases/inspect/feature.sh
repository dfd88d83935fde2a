# timeout: 120
# What an older kernel can do, beside bpftool; helpers too, where bpftool understands what the verifier says of them.
newer='/program_type netfilter\|map_type \(cgrp_storage\|arena\|insn_array\|rhash\) \|extension v4\|BPFILTER\|bpf_cgrp_storage/d'
case $(uname -r) in
6.1.*) helpers='/program type netfilter/,+1d' ;;
*) helpers='/^	- bpf\|program type netfilter/d' ;;
esac
beside -e "$newer" -e "$helpers" feature probe
