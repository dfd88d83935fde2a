# Rust's arguments, where its own calling convention has them: slices, options, small and large
# structs, enums whose variants are members; what the compiler knows is a number.
# requires: rustc --version
# expect: three 1 2 3 k 11
# expect: five 1 5 k 12
# expect: wide 7 9 k 13
# expect: pair { .a = 1, .b = 2 } k 14
# expect: text hello slice 3
# expect: kind 9 -1 k 15
# expect: large result k 16
# expect: option 77 bool true char x
# expect: self 5 scale 2
# expect: optimized 5 9 true 77
# expect: ERROR: args.t of uprobe:./args:crowded cannot be read: it is on the stack in parts
# expect: ERROR: args.t of uprobe:./args:half cannot be read: it is a floating-point number
# expect: rest of half 6 k 18
cat >args.rs <<'R'
#![allow(dead_code)]
use std::hint::black_box;
#[derive(Clone, Copy)] pub struct Three { a: u8, b: u8, c: u8 }
#[derive(Clone, Copy)] pub struct Five { a: u32, b: u16, c: u16, d: u32, e: u32 }
#[derive(Clone, Copy)] pub struct Wide { a: u64, b: u64, c: u64 }
#[derive(Clone, Copy)] pub struct Pair { a: u32, b: u8 }
pub enum Kind { Empty, Point(i32), Named { id: u16, at: (i8, i64) } }
pub struct Square { side: u32 }
pub trait Area { fn area(&self, scale: u32) -> u32; }
impl Area for Square { #[inline(never)] fn area(&self, scale: u32) -> u32 { black_box(self.side) * scale } }
#[no_mangle] #[inline(never)] pub fn three(t: Three, k: u64) -> u64 { black_box((t, k)).1 }
#[no_mangle] #[inline(never)] pub fn five(t: Five, k: u64) -> u64 { black_box((t, k)).1 }
#[no_mangle] #[inline(never)] pub fn wide(t: Wide, k: u64) -> u64 { black_box((t, k)).1 }
#[no_mangle] #[inline(never)] pub fn pair(t: Pair, k: u64) -> u64 { black_box((t, k)).1 }
#[no_mangle] #[inline(never)] pub fn many(t: &str, s: &[u8], o: Option<u8>, b: bool) -> usize { black_box((t, s, o, b)); t.len() }
#[no_mangle] #[inline(never)] pub fn few(o: Option<u32>, b: bool, c: char) -> char { black_box((o, b, c)).2 }
#[no_mangle] #[inline(never)] pub fn kind(t: &Kind, k: u64) -> u64 { black_box(t); k }
#[no_mangle] #[inline(never)] pub fn large(k: u64) -> Five { black_box(Five { a: k as u32, b: 1, c: 2, d: 3, e: 4 }) }
#[no_mangle] #[inline(never)] pub fn crowded(a: u64, b: u64, c: u64, d: u64, e: u64, t: (u64, u64)) -> u64 { black_box((a, b, c, d, e, t)).0 }
#[no_mangle] #[inline(never)] pub fn half(t: (f32, u32), k: u64) -> u64 { black_box((t, k)).1 }
fn main() {
    three(Three { a: 1, b: 2, c: 3 }, 11);
    five(Five { a: 1, b: 2, c: 3, d: 4, e: 5 }, 12);
    wide(Wide { a: 7, b: 8, c: 9 }, 13);
    pair(Pair { a: 1, b: 2 }, 14);
    many("hello", &[1, 2, 3], Some(7), true);
    kind(&black_box(Kind::Named { id: 9, at: (-1, 1 << 40) }), 15);
    large(16);
    few(Some(77), true, 'x');
    crowded(1, 2, 3, 4, 5, (6, 7));
    half((1.5, 6), 18);
    black_box(Square { side: 5 }.area(2));
}
R
rustc --edition 2021 -g -C opt-level=0 -o args args.rs 2>rustc.log && rustc --edition 2021 -g -C opt-level=1 -o optimized args.rs 2>>rustc.log || { cat rustc.log; exit 2; }
run() {
	skep -q -c "./${2:-args}" -e "$1" 2>&1 | sed -n 's/^stdin[^E]*ERROR/ERROR/; /^[ ~]*$/d; /^uprobe/d; /^@/d; p'
}
run 'uprobe:./args:three { printf("three %d %d %d k %d\n", args.t.a, args.t.b, args.t.c, args.k); }
uprobe:./args:five { printf("five %d %d k %d\n", args.t.a, args.t.e, args.k); }
uprobe:./args:wide { printf("wide %d %d k %d\n", args.t.a, args.t.c, args.k); }
uprobe:./args:pair { printf("pair %s k %d\n", args.t, args.k); }
uprobe:./args:many { printf("text %s slice %d\n", str(args.t.data_ptr, args.t.length + 1), args.s.length); }
uprobe:./args:few { printf("option %d bool %s char %c\n", args.o.Some.__0, args.b, args.c); }
uprobe:./args:kind { printf("kind %d %d k %d\n", args.t->Named.id, args.t->Named.at.__0, args.k); }
uprobe:./args:large { printf("large result k %d\n", args.k); }
uprobe:./args:cpp:"*Square*area*" { printf("self %d scale %d\n", args.self->side, args.scale); }'
run 'uprobe:./optimized:five { @five = args.t.e; } uprobe:./optimized:kind { @kind = args.t->Named.id; }
uprobe:./optimized:few { printf("optimized %d %d %s %d\n", @five, @kind, args.b, args.o.Some.__0); clear(@five); clear(@kind); }' optimized
run 'uprobe:./args:crowded { print(args.t); }'
run 'uprobe:./args:half { print(args.t.__0); }'
run 'uprobe:./args:half { printf("rest of half %d k %d\n", args.t.__1, args.k); }'
exit 0
