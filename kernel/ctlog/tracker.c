// SPDX-License-Identifier: GPL-2.0-only
/* xt_CTLOG's own copy: kbuild wants no object to be in several modules. */
#include "../tracker/invalid.c"
