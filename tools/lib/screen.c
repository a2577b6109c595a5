// SPDX-License-Identifier: GPL-2.0-only
/*
 * A terminal that shows text anew and anew
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include "program.h"
#include "screen.h"

/**
 * screen_open - take the terminal; keys come at once, and are not shown
 * @remedy: what to do if it is not known
 *
 * Returns the screen, or ends the program. The caller ends it with endwin().
 */
struct screen *screen_open(const char *remedy)
{
	SCREEN *screen = newterm(NULL, stdout, stdin);

	if (!screen)
		errx(EXIT_ERROR, "the terminal \"%s\" is not known; set TERM, or %s",
		     getenv("TERM") ? getenv("TERM") : "", remedy);
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);
	return screen;
}

/**
 * screen_draw - show what is printed instead of what is there
 * @print: prints @n rows, and lines around them, each with its end
 * @n: for @print
 */
void screen_draw(void (*print)(FILE *out, unsigned int n), unsigned int n)
{
	char *text = NULL, *line, *next;
	size_t size;
	FILE *out;
	int y;

	out = open_memstream(&text, &size);
	if (!out) {
		endwin();
		no_memory();
	}
	print(out, n);
	fclose(out);
	erase();
	for (line = text, y = 0; *line && y < LINES; line = next, y++) {
		next = strchr(line, '\n') + 1;
		next[-1] = 0;
		mvaddnstr(y, 0, line, COLS);
	}
	refresh();
	free(text);
}
