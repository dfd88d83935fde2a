# expect: import "nowhere.bt";
# expect: macro m($a, @b, c)
# expect: 	@b[c] = count();
# expect: fn f($a: int64, $b: struct task_struct *): int64
# expect: 	return $a + 1;
# expect: let @m = percpuhash(10);
# expect: n=begin
# expect: 	import "library";
# expect: stable
# Definitions have their layout, too; what is imported need not be there.
cat >a.bt <<'END'
import "nowhere.bt";
macro m($a,@b,c){ $a+=1;@b[c]=count(); }
fn f($a:int64,$b:struct task_struct *):int64{return $a+1;}
let @m=percpuhash(10);
n=begin{$x=1;m($x,@m,"k");print(f($x,curtask));import "library";}
END
skep --fmt a.bt | tee b.bt || exit
skep --fmt b.bt | cmp b.bt - && echo stable
