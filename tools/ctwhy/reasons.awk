# SPDX-License-Identifier: GPL-2.0-only
# Makes reasons.c of doc/states.md: for each word of --invalid-reason what it means, its causes
# and its remedy, without markup.

# What C has for a line of text
function quoted(line) {
	gsub(/\\/, "\\\\", line)
	gsub(/"/, "\\\"", line)
	return line
}

function plain(line,    link) {
	gsub(/`|\*\*/, "", line)
	# [text](address)
	while (match(line, /\[[^]]*\]\([^)]*\)/)) {
		link = substr(line, RSTART + 1, RLENGTH - 2)
		sub(/\]\(.*/, "", link)
		line = substr(line, 1, RSTART - 1) link substr(line, RSTART + RLENGTH)
	}
	return line
}

function add(line) {
	if (text[part] && empty)
		text[part] = text[part] "\\n\"\n\""
	text[part] = text[part] quoted(line) "\\n\"\n\""
	empty = 0
}

function end_section() {
	if (!name)
		return
	printf "[XT_CTSTATE2_REASON_%s] = {\n\"%s\",\n", name, name
	for (part = 1; part <= 3; part++)
		printf "\"%s\",\n", text[part]
	print "},"
	name = text[1] = text[2] = text[3] = ""
}

BEGIN {
	print "#include \"reasons.h\""
	print "const struct reason reasons[XT_CTSTATE2_REASON_MAX] = {"
}

/^# / || /^## / { end_section(); inside = $0 == "## The reasons"; next }
/^### / && inside { end_section(); name = $2; part = 1; next }
!name { next }
/^```/ { code = !code; next }
/^$/ { empty = 1; next }
code { add("    " $0); next }
sub(/^\*Causes:\* */, "") { part = 2 }
sub(/^\*Remedy:\* */, "") { part = 3 }
$0 != "" { add(plain($0)) }

END {
	end_section()
	print "};"
}
