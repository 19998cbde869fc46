#define _GNU_SOURCE
#include "cterminal.h"

#include <locale.h>
#include <pthread.h>
#include <wchar.h>
#if defined(__APPLE__)
#include <xlocale.h>
#define UTF8_LOCALE "UTF-8"
#else
#define UTF8_LOCALE "C.UTF-8"
#endif

static pthread_once_t once = PTHREAD_ONCE_INIT;
static locale_t utf8;

static void open_locale(void) { utf8 = newlocale(LC_CTYPE_MASK, UTF8_LOCALE, (locale_t)0); }

int cterminal_columns(uint32_t scalar) {
    if (scalar >= 0x20 && scalar < 0x7F) return 1;
    pthread_once(&once, open_locale);
    if (utf8 == (locale_t)0) return 2;
    locale_t previous = uselocale(utf8);
    int width = wcwidth((wchar_t)scalar);
    uselocale(previous);
    return width < 0 ? 2 : width;
}
