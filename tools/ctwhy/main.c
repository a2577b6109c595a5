// SPDX-License-Identifier: GPL-2.0-only
/*
 * ctwhy - why packets are INVALID for the connection tracker
 */
#include "../lib/program.h"
#include "commands.h"

static const struct command ctwhy_commands[] = {
	{ "watch", "INVALID packets as they come, one per line", watch_main, true },
	{ "top", "most of them, by reason, interface and ends", top_main, true },
	{ "explain", "what a reason means, and what to do", explain_main, false },
	{ 0 },
};

static const struct program ctwhy = {
	.name = "ctwhy",
	.about = "Why packets are INVALID for the connection tracker, whatever firewall there is.",
	.notes = "Exit status: 0; 3 after an error; 4 if watch or top had to stop.\n",
	.commands = ctwhy_commands,
};

int main(int argc, char **argv)
{
	return program_run(&ctwhy, argc, argv);
}
