#ifndef CLIBPQ_H
#define CLIBPQ_H

#include <libpq-fe.h>

/* Swift does not import macros that expand to character constants. */
enum clibpq_field {
    CLIBPQ_SEVERITY = PG_DIAG_SEVERITY_NONLOCALIZED,
    CLIBPQ_SQLSTATE = PG_DIAG_SQLSTATE,
    CLIBPQ_MESSAGE = PG_DIAG_MESSAGE_PRIMARY,
};

#endif
