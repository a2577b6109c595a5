/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LIB_SCREEN_H
#define LIB_SCREEN_H

#include <stdio.h>
#include <curses.h>

struct screen *screen_open(const char *remedy);
void screen_draw(void (*print)(FILE *out, unsigned int n), unsigned int n);

#endif /* LIB_SCREEN_H */
