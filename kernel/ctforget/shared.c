// SPDX-License-Identifier: GPL-2.0-only
/* xt_CTFORGET's own copy of what modules share: Kbuild wants no object to be in several of them. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "../rule.c"
