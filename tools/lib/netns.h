/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LIB_NETNS_H
#define LIB_NETNS_H

#include <stdbool.h>

bool netns_for_each(bool all, const char *(*cb)(const char *name, const char *why, void *data),
		    void *data);
const char *netns_label(const char *name);

#endif /* LIB_NETNS_H */
