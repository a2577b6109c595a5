/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CTFULL_EXEC_H
#define CTFULL_EXEC_H

void exec_open(void);
void exec_start(const char *line, const char *source);
long long exec_reap(void);

#endif /* CTFULL_EXEC_H */
