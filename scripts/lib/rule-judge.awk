# SPDX-License-Identifier: BSD-2-Clause
# The verdict of scripts/rule-coverage. Input, in this order: the rules, the deviations, the results
# (result, test, rules; separated by tabs). The variable part counts them.

part == 1 && /^\| R[0-9]+ \|/ {
	split($0, cell, / *\| */)
	number = substr(cell[2], 2) + 0
	text[number] = cell[3]
	if (number > last)
		last = number
}

part == 2 && /^### D[0-9]+\./ { entry = substr($2, 1, length($2) - 1) }
part == 2 && sub(/^Untested: /, "") { excuse($0, entry) }

part == 3 {
	split($0, field, "\t")
	n = split(field[3], number_of, " ")
	for (i = 1; i <= n; i++)
		note(substr(number_of[i], 2) + 0, field[1], field[2])
}

# "R133, R174." of the entry d
function excuse(list, d, n, word, i)
{
	n = split(list, word, /[ ,.]+/)
	for (i = 1; i <= n; i++)
		if (word[i] ~ /^R[0-9]+$/)
			excused[substr(word[i], 2) + 0] = d
}

function note(rule, result, test)
{
	tests[rule] = tests[rule] " " test (result == "pass" ? "" : " (" result ")")
	count[rule, result]++
	if (!(rule in text))
		complain("R" rule " is no rule, but " test " names it")
}

function complain(message)
{
	complaints[++nr_complaints] = message
}

function verdict(rule)
{
	if (count[rule, "fail"])
		return "FAIL"
	if (count[rule, "not-run"])
		return "NOT RUN"
	if (count[rule, "pass"])
		return "pass"
	if (count[rule, "skip"])
		return "skip"
	return (rule in excused) ? "excused" : "GAP"
}

END {
	printf "%-5s %-8s %s\n", "rule", "result", "tests"
	for (rule = 1; rule <= last; rule++) {
		if (!(rule in text))
			complain("R" rule " is missing in the list of rules")
		v = verdict(rule)
		total[v]++
		where = v == "excused" ? " docs/deviations.md " excused[rule] : tests[rule]
		printf "%-5s %-8s%s\n", "R" rule, v, where
		if (v == "FAIL" || v == "NOT RUN")
			complain("R" rule ":" where)
		if (v == "GAP")
			complain("R" rule " has no test: " text[rule])
		if (rule in excused && v == "pass")
			complain("R" rule " is tested: take it out of " excused[rule] " in docs/deviations.md")
	}
	printf "\n%d rules: %d pass, %d excused, %d skipped, %d without a test, %d broken\n",
		last, total["pass"], total["excused"], total["skip"], total["GAP"],
		total["FAIL"] + total["NOT RUN"]
	for (i = 1; i <= nr_complaints; i++)
		print "rule-coverage: " complaints[i]
	exit nr_complaints ? 1 : total["skip"] ? 77 : 0
}
