# Whatever the names are, the picture is XML, and shows where something was.
# requires: python3 -c 'import xml.dom.minidom'
# run: printf 'a<b>&"c"]]>;\001\033[2Jx\177;\377\300\200;\355\240\200;\357\277\277;\342\200\256rtl;\303\251\344\275\240;%%s 5\n' | skep flamegraph --title '<&">' --subtitle ']]>' --countname 'a"b' --nametype '<' >x.svg
# run: python3 -c 'import xml.dom.minidom as m; [print(ascii(g.getElementsByTagName("title")[0].firstChild.data.split("\n")[0])) for g in m.parse("x.svg").getElementsByTagName("g") if g.getAttribute("class") == "f"]'
# run: sed -n 's/.*class="title".*>\(.*\)<.text>/title \1/p;s/.*class="subtitle".*>\(.*\)<.text>/subtitle \1/p' x.svg
# expect: 'all'
# expect: 'a<b>&"c"]]>'
# expect: '\u2401\u241b[2Jx\u2421'
# expect: '\ufffd\ufffd\ufffd'
# expect: '\ufffd\ufffd\ufffd'
# expect: '\ufffd'
# expect: '\ufffdrtl'
# expect: '\xe9\u4f60'
# expect: '%s'
# expect: title &lt;&amp;&quot;&gt;
# expect: subtitle ]]&gt;
