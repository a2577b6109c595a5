// SPDX-License-Identifier: GPL-2.0-only
#include "ctfull.h"

int guard_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	die("not written yet");
}
