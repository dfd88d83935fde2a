# What options change of the picture.
# run: printf 'main;f_[k] 1\nmain;g_[j] 3\nmain;std::h_[i] 4\nmain;w_[w];c::d 2\n' >kinds; printf 'main;a_long_name_that_does_not_fit 1\nmain;b 99\n' >in
# run: fill() { sed -n "/<title>$1\$/{n;s/.*fill=\"\([^\"]*\)\".*/\1/p;}"; }
# run: same() { [ "$1" = "$2" ] && echo same || echo different; }
# run: skep flamegraph kinds | grep -c 'class="legend"'; skep flamegraph in | grep -c 'class="legend"'
# run: for p in kinds $(sed -n 's/^PALETTE("\([a-z]*\)".*/\1/p' "$CASES/../../../src/flame/palette.def"); do skep flamegraph --palette $p kinds >$p.svg || echo "no $p"; skep flamegraph --help | grep -q "[ :]$p" || echo "--help has no $p"; done; ls *.svg | wc -l
# run: same "$(fill f <kinds.svg)" "$(fill f <hot.svg)"; same "$(fill main <hot.svg)" "$(skep flamegraph in | fill main)"; same "$(fill main <hot.svg)" "$(skep flamegraph --seed 1 in | fill main)"
# run: grep -A1 '<title>std::h$' kinds.svg | grep -o 'inlined'
# run: for o in '--width 600' '--width 600 --height 30 --fontsize 20' '--minwidth 20' '--minwidth 5%' '--total 1000' '--countname bytes' '--subtitle under'; do echo "$o"; skep flamegraph $o in >x.svg; grep -o '^<svg.* width="[0-9]*"' x.svg | grep -o 'width.*'; grep -c '^<g class="f"' x.svg; sed -n '/<title>b$/{n;s/<.*width="\([^"]*\)" height="\([^"]*\)".*/: \1 \2/p;}' x.svg; done
# run: echo fluid; skep flamegraph in | grep -c data-fluid; skep flamegraph --width 1200 in | grep -c data-fluid || :
# expect: 1
# expect: 0
# expect: 12
# expect: different
# expect: same
# expect: different
# expect: inlined
# expect: --width 600
# expect: width="600"
# expect: 4
# expect: 99 samples, 99.00%: 573.6 16
# expect: --width 600 --height 30 --fontsize 20
# expect: 99 samples, 99.00%: 573.6 29
# expect: --minwidth 20
# expect: width="1200"
# expect: 3
# expect: 99 samples, 99.00%: 1167.6 16
# expect: --minwidth 5%
# expect: 3
# expect: --total 1000
# expect: 4
# expect: 99 samples, 9.90%: 116.22 16
# expect: --countname bytes
# expect: 99 bytes, 99.00%: 1167.6 16
# expect: --subtitle under
# expect: fluid
# expect: 1
# expect: 0
