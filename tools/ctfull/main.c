// SPDX-License-Identifier: GPL-2.0-only
/*
 * ctfull - how full the connection tracking table is, and who fills it
 */
#include "../lib/program.h"
#include "commands.h"

static const struct command ctfull_commands[] = {
	{ "status", "the figures of -j CTFULL", status_main, false },
	{ "top", "who holds the entries", top_main, false },
	{ "monitor", "the events of -j CTFULL, one per line", monitor_main, true },
	{ "guard", "bans who holds too many entries while the table fills up", guard_main, true },
	{ "arm", "-j CTFULL beside any firewall, as long as it runs", arm_main, true },
	{ "metrics", "the figures for Prometheus", metrics_main, false },
	{ 0 },
};

static const struct program ctfull = {
	.name = "ctfull",
	.about = "How full the connection tracking table is, and who fills it.",
	.notes = "Exit status: 0; 1 if a table fills up, 2 if one is full (status only); 3 after\n"
		 "an error; 4 if monitor, guard or arm had to stop.\n",
	.commands = ctfull_commands,
};

int main(int argc, char **argv)
{
	return program_run(&ctfull, argc, argv);
}
