// HTTP/1.1 for the sender: one blocking connection, one request at a time, keep-alive.
#ifndef SPEED_HTTP_H
#define SPEED_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Limits of a response's head, and of the part of a body that is kept.
enum { HTTP_BUFFER = 64 << 10 };

struct http_connection {
    char host[128];  // HOST:PORT that the socket is connected to
    int socket;      // -1: not connected
};

struct http_request {
    const char *method, *url;  // the URL is absolute, or the path on the connection's host when it starts with '/'
    const char *headers;       // complete lines, each with its CRLF; never NULL
    const char *text;          // the body, or NULL
    int64_t random_bytes;      // length of a random body when there is no text; 0: none
};

struct http_response {
    int status;
    char etag[128];  // without quotes
    int64_t received;  // bytes of the body
    size_t kept;       // as many of them are in `body`, with a zero behind
    char body[HTTP_BUFFER];
};

// Generates the random bytes for all bodies; called once, before the threads start.
void http_prepare_random(void);

// Opens a connection to the host of the URL unless one is open already.
void http_connect(struct http_connection *connection, const char *url);

// Sends the request and reads the whole response, whatever its status; exits if that fails.
void http_exchange(struct http_connection *connection, const struct http_request *request,
                   struct http_response *response);

// Exits with a message unless the status is 200, 201, 204 or 206.
void http_check(const struct http_request *request, const struct http_response *response);

_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
