/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LIB_SERVICE_H
#define LIB_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

bool service_read(const char *path, char *text, size_t size);
void service_start(bool reloads);
void service_run(void (*reload)(void));
int service_status(int error);
bool service_try(void (*attempt)(void));

#endif /* LIB_SERVICE_H */
