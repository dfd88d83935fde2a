# expect: all
# The user's own tools: added, put in place of others, found in each of the three directories.
mkdir -p a/skep/tools home/.config/skep/tools own
unset SKEP_TOOLS XDG_CONFIG_HOME
export HOME=$PWD/home
cat >home/.config/skep/tools/mine.bt <<'END'
#!/usr/bin/env skep
// mine: what I want to know.
//
// area: security

options = { n = int("-n, --number N", "a number", 3); }
begin { printf("mine %d\n", opt.n); exit(); }
END
echo '// opensnoop: another one.' >a/skep/tools/opensnoop.bt
echo 'begin { print($1); exit(); }' >>a/skep/tools/opensnoop.bt
echo 'begin { no_such_name }' >own/wrong.bt

skep tools want | grep -q "^  mine  *what I want to know. ($PWD/home/.config/skep/tools/mine.bt)\$" || { skep tools want; exit 1; }
skep tools --json want | grep -q "\"area\": \"security\", .*\"path\": \"$PWD/home" || exit
skep tools --source mine | cmp - home/.config/skep/tools/mine.bt || exit
skep --mode codegen mine || exit

export XDG_CONFIG_HOME=$PWD/a
skep tools --source mine 2>/dev/null && exit 1
skep tools other | grep -q '^  opensnoop  *another one. (' || exit
skep tools files | grep -q opensnoop && exit 1
# A copy of the one that came with skep, into its own place: the shell makes that empty first.
skep tools --source opensnoop >a/skep/tools/opensnoop.bt || exit
grep -q '^// opensnoop: files being opened' a/skep/tools/opensnoop.bt || exit

export SKEP_TOOLS=$PWD/own
skep --mode codegen wrong 2>err && exit 1
grep -q "^$PWD/own/wrong.bt:1:9-21: ERROR: Unknown identifier: 'no_such_name'\$" err || { cat err; exit 1; }
# What everybody may write to is not run, nor replaced by another one.
cp a/skep/tools/opensnoop.bt own/opensnoop.bt
chmod 666 own/opensnoop.bt
skep --mode codegen opensnoop 2>err && exit 1
grep -qx "ERROR: The tool 'opensnoop' cannot be used: $PWD/own/opensnoop.bt: everybody may write to it" err || { cat err; exit 1; }
chmod 644 own/opensnoop.bt
chmod 777 own
skep tools --source opensnoop 2>err && exit 1
grep -q "$PWD/own: everybody may write to it" err || { cat err; exit 1; }
skep tools | grep -q '(/' && exit 1
chmod 755 own
rm own/opensnoop.bt
mkdir own/opensnoop.bt
skep --mode codegen opensnoop 2>err && exit 1
grep -q 'opensnoop.bt: it is no regular file' err || { cat err; exit 1; }
echo all
