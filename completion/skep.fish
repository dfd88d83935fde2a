# fish completion for skep. The options come from src/cmd/options.def: see man/tables.

function __skep_lists
    __fish_contains_opt -s l list
end

complete -c skep -n __skep_lists -f -a '(skep -l (commandline -ct)"*" 2>/dev/null | head -n 5000)'
complete -c skep -n __fish_use_subcommand -a vm -d 'instructions, programs and objects'

# begin options
complete -c skep -s e -l execute -x -d 'run this program text'
complete -c skep -s l -l list -d 'list probes matching a pattern, or a script\'s probes; with -v their arguments'
complete -c skep -s p -l pid -x -a '(__fish_complete_pids)' -d 'restrict to this process; end when it ends'
complete -c skep -s c -l cmd -x -d 'run CMD, trace it, end when it ends'
complete -c skep -s o -l output -r -F -d 'write program output to FILE'
complete -c skep -s f -l format -x -a 'text json' -d 'output format: text or json'
complete -c skep -s B -l buffer -x -a 'line full none' -d 'buffering of output: line, full or none'
complete -c skep -s q -l quiet -d 'no banner'
complete -c skep -s v -l verbose -d 'say what is done; with -l list arguments'
complete -c skep -s k -l warnings -d 'report every failing helper at run time'
complete -c skep -l no-warnings -d 'no compile-time warnings'
complete -c skep -s I -l include-dir -r -F -d 'add a directory for #include'
complete -c skep -l include -r -F -d 'put #include FILE before the program'
complete -c skep -s d -l debug -x -a 'parse ast types ir codegen passes codegen-opt bpf dis libbpf verifier all' -d 'dump stages, a comma between: parse, ast, types, ir, passes, bpf, libbpf, verifier, all'
complete -c skep -l dry-run -d 'compile, load and attach, then leave'
complete -c skep -l unsafe -d 'permit functions that change the system'
complete -c skep -l no-feature -x -d 'pretend these are absent: kprobe_multi, kprobe_session, uprobe_multi, ringbuf, cpu_v4'
complete -c skep -l info -d 'what this kernel and user are allowed to do'
complete -c skep -l engine -x -a 'auto kernel user' -d 'who runs the programs: auto, kernel or user'
complete -c skep -l debuginfo -r -F -d 'where separate debug files are, default :.debug:/usr/lib/debug; + in front: check their CRC'
complete -c skep -l mode -x -a 'codegen compiler-bench bench test format' -d 'what to do: codegen, compiler-bench, bench, test or format'
complete -c skep -l test -d 'run the script\'s test probes; the same as --mode test'
complete -c skep -l bench -d 'run the script\'s bench probes; the same as --mode bench'
complete -c skep -l fmt -d 'print the script in its usual layout; the same as --mode format'
complete -c skep -l probe-filter -x -d 'keep only the probes whose full names match'
complete -c skep -l traceable-functions -r -F -d 'the kernel functions that can be traced, instead of tracefs\'s available_filter_functions'
complete -c skep -l usdt-file-activation -d 'accepted: the kernel counts semaphores up in every process'
complete -c skep -l aot -r -F -d 'write an executable that runs the compiled script by itself'
complete -c skep -l emit-elf -r -F -d 'write the compiled programs and maps as an ELF object, for libbpf and bpftool'
complete -c skep -l emit-llvm -r -F -d 'refused: there is no LLVM in skep; -d ir shows its own'
complete -c skep -l verify-llvm-ir -d 'refused, likewise'
complete -c skep -l dwarf-pid -x -a '(__fish_complete_pids)' -d 'another process to load the unwind tables of, for dw_ustack (repeatable)'
complete -c skep -l compat -x -d 'write output as that version of bpftrace did: 0.17'
complete -c skep -s b -l btf -d 'accepted, has no effect'
complete -c skep -s h -l help -d 'this text'
complete -c skep -s V -l version -d 'the version'
# end options

# begin vm
complete -c skep -n '__fish_seen_subcommand_from vm' -a run -d 'run a program, and say how long that took'
complete -c skep -n '__fish_seen_subcommand_from vm' -a verify -d 'does the verifier accept the object\'s programs?'
complete -c skep -n '__fish_seen_subcommand_from vm' -a conformance -d 'run instructions given as hex, as conformance suites do'
complete -c skep -n '__fish_seen_subcommand_from vm' -a asm -d 'assemble a text; without -o show what it became'
complete -c skep -n '__fish_seen_subcommand_from vm' -a disasm -d 'list raw instructions, or an object\'s programs, with their bytes'
complete -c skep -n '__fish_seen_subcommand_from vm' -a bench -d 'time a program on every engine there is'
# end vm
