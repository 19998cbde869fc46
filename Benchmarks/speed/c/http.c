#define _GNU_SOURCE
#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

// Longer bodies repeat these bytes. They exceed the window of any compressor that a server may use.
enum { RANDOM_BYTES = 8 << 20, COPIED_BODY = 64 << 10, DISCARD = 1 << 20, PATIENCE_SECONDS = 120 };

static int random_file = -1;
static const char *random_bytes;

_Noreturn void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    // A single write, so that messages of different threads are not interleaved.
    char line[1024];
    vsnprintf(line, sizeof line, format, arguments);
    fprintf(stderr, "sender: %s\n", line);
    _exit(1);
}

void http_prepare_random(void) {
    random_file = memfd_create("random", MFD_CLOEXEC);
    if (random_file < 0 || ftruncate(random_file, RANDOM_BYTES) < 0) fail("memfd: %s", strerror(errno));
    char *bytes = mmap(NULL, RANDOM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, random_file, 0);
    if (bytes == MAP_FAILED) fail("mmap: %s", strerror(errno));
    for (size_t made = 0; made < RANDOM_BYTES;) {
        ssize_t count = getrandom(bytes + made, RANDOM_BYTES - made, 0);
        if (count < 0) fail("getrandom: %s", strerror(errno));
        made += (size_t)count;
    }
    random_bytes = bytes;
}

// Splits http://HOST:PORT/PATH and returns the path. A URL without a host refers to that of the connection.
static const char *split(const char *url, char host[128]) {
    static const char scheme[] = "http://";
    if (url[0] == '/') return url;
    if (strncmp(url, scheme, sizeof scheme - 1) != 0) fail("not an http URL: %s", url);
    const char *start = url + sizeof scheme - 1, *path = strchr(start, '/');
    if (!path || path - start >= 128) fail("no path in %s", url);
    memcpy(host, start, (size_t)(path - start));
    host[path - start] = 0;
    return path;
}

void http_connect(struct http_connection *connection, const char *url) {
    char host[128];
    strcpy(host, connection->host);
    split(url, host);
    if (connection->socket >= 0) {
        if (strcmp(host, connection->host) == 0) return;
        close(connection->socket);
    }
    strcpy(connection->host, host);
    char *colon = strchr(host, ':');
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80)};
    if (colon) {
        *colon = 0;
        address.sin_port = htons((uint16_t)atoi(colon + 1));
    }
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) fail("not an IPv4 address: %s", host);
    int it = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    setsockopt(it, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    setsockopt(it, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(it, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (it < 0 || connect(it, (struct sockaddr *)&address, sizeof address) < 0) {
        fail("connect %s: %s", connection->host, strerror(errno));
    }
    connection->socket = it;
}

static void send_all(int socket, struct iovec *pieces, size_t count, int flags) {
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
    while (message.msg_iovlen > 0) {
        ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL | flags);
        if (sent < 0) fail("send: %s", strerror(errno));
        while (message.msg_iovlen > 0 && (size_t)sent >= message.msg_iov->iov_len) {
            sent -= (ssize_t)message.msg_iov->iov_len;
            message.msg_iov++;
            message.msg_iovlen--;
        }
        if (message.msg_iovlen > 0) {
            message.msg_iov->iov_base = (char *)message.msg_iov->iov_base + sent;
            message.msg_iov->iov_len -= (size_t)sent;
        }
    }
}

// The kernel sends large bodies directly from the memory file, so the sender copies nothing.
static void send_random(int socket, int64_t length) {
    off_t offset = 0;
    while (length > 0) {
        int64_t rest = RANDOM_BYTES - offset;
        ssize_t sent = sendfile(socket, random_file, &offset, (size_t)(length < rest ? length : rest));
        if (sent <= 0) fail("sendfile: %s", strerror(errno));
        length -= sent;
        if (offset == RANDOM_BYTES) offset = 0;
    }
}

static void send_request(struct http_connection *connection, const struct http_request *request) {
    char head[12 << 10], host[128], length[64] = "";
    int64_t size = request->text ? (int64_t)strlen(request->text) : request->random_bytes;
    if (strcmp(request->method, "GET") != 0) {
        snprintf(length, sizeof length, "Content-Length: %lld\r\n", (long long)size);
    }
    int head_length = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: %s\r\n%s%s\r\n", request->method,
                               split(request->url, host), connection->host, length, request->headers);
    if (head_length >= (int)sizeof head) fail("the request's head is too long");
    struct iovec pieces[2] = {{head, (size_t)head_length}};
    if (request->text) {
        pieces[1] = (struct iovec){(char *)request->text, (size_t)size};
    } else if (size <= COPIED_BODY) {
        pieces[1] = (struct iovec){(char *)random_bytes, (size_t)size};
    } else {
        send_all(connection->socket, pieces, 1, MSG_MORE);
        send_random(connection->socket, size);
        return;
    }
    send_all(connection->socket, pieces, size > 0 ? 2 : 1, 0);
}

// Bytes that were received and not yet consumed.
struct reader {
    int socket;
    size_t start, end;
    char bytes[HTTP_BUFFER];
};

static size_t receive(struct reader *reader) {
    if (reader->start == reader->end) reader->start = reader->end = 0;
    if (reader->end == sizeof reader->bytes) {
        memmove(reader->bytes, reader->bytes + reader->start, reader->end - reader->start);
        reader->end -= reader->start;
        reader->start = 0;
        if (reader->end == sizeof reader->bytes) fail("the response's head is too long");
    }
    ssize_t count = recv(reader->socket, reader->bytes + reader->end, sizeof reader->bytes - reader->end, 0);
    if (count < 0) fail("recv: %s", strerror(errno));
    if (count == 0) fail("the server closed the connection before its response was whole");
    reader->end += (size_t)count;
    return (size_t)count;
}

// The next line without its CRLF, terminated by a zero.
static char *line(struct reader *reader) {
    while (true) {
        char *start = reader->bytes + reader->start;
        char *end = memmem(start, reader->end - reader->start, "\r\n", 2);
        if (end) {
            *end = 0;
            reader->start = (size_t)(end + 2 - reader->bytes);
            return start;
        }
        receive(reader);
    }
}

static void keep(struct http_response *response, const char *bytes, size_t count) {
    size_t room = sizeof response->body - 1 - response->kept;
    if (count > room) count = room;
    memcpy(response->body + response->kept, bytes, count);
    response->kept += count;
    response->body[response->kept] = 0;
}

static void read_body(struct reader *reader, struct http_response *response, int64_t length) {
    response->received += length;
    while (length > 0) {
        size_t have = reader->end - reader->start;
        if ((int64_t)have > length) have = (size_t)length;
        if (have > 0) {
            keep(response, reader->bytes + reader->start, have);
            reader->start += have;
            length -= (int64_t)have;
        } else if (length > HTTP_BUFFER) {
            // MSG_TRUNC: the kernel drops the bytes instead of copying them.
            size_t most = (size_t)(length < DISCARD ? length : DISCARD);
            ssize_t count = recv(reader->socket, NULL, most, MSG_TRUNC | MSG_WAITALL);
            if (count <= 0) fail("recv: %s", count < 0 ? strerror(errno) : "closed in the middle of a body");
            length -= count;
        } else {
            receive(reader);
        }
    }
}

static void read_chunks(struct reader *reader, struct http_response *response) {
    while (true) {
        int64_t length = strtoll(line(reader), NULL, 16);
        if (length == 0) break;
        read_body(reader, response, length);
        line(reader);
    }
    while (*line(reader)) continue;
}

static const char *value_of(const char *header, const char *name) {
    size_t length = strlen(name);
    if (strncasecmp(header, name, length) != 0 || header[length] != ':') return NULL;
    return header + length + 1 + strspn(header + length + 1, " ");
}

static void note_tag(struct http_response *response, const char *value) {
    size_t length = strlen(value);
    if (length >= 2 && value[0] == '"') {
        value++;
        length -= 2;
    }
    if (length >= sizeof response->etag) fail("the ETag is too long");
    memcpy(response->etag, value, length);
    response->etag[length] = 0;
}

static void read_response(struct http_connection *connection, struct http_response *response) {
    struct reader reader;
    reader.socket = connection->socket;
    reader.start = reader.end = 0;
    int64_t length = 0;
    bool chunked = false, closing = false;
    const char *status = line(&reader), *header, *value;
    if (strncmp(status, "HTTP/1.", 7) != 0) fail("not an HTTP response: %.100s", status);
    *response->etag = *response->body = 0;
    response->received = 0;
    response->kept = 0;
    response->status = atoi(status + 9);
    while (*(header = line(&reader))) {
        if ((value = value_of(header, "Content-Length"))) length = strtoll(value, NULL, 10);
        if ((value = value_of(header, "Transfer-Encoding"))) chunked = strcasecmp(value, "chunked") == 0;
        if ((value = value_of(header, "Connection"))) closing = strcasecmp(value, "close") == 0;
        if ((value = value_of(header, "ETag"))) note_tag(response, value);
    }
    if (chunked) {
        read_chunks(&reader, response);
    } else {
        read_body(&reader, response, length);
    }
    if (closing) {
        close(connection->socket);
        connection->socket = -1;
    }
}

void http_exchange(struct http_connection *connection, const struct http_request *request,
                   struct http_response *response) {
    http_connect(connection, request->url);
    send_request(connection, request);
    read_response(connection, response);
}

void http_check(const struct http_request *request, const struct http_response *response) {
    switch (response->status) {
    case 200: case 201: case 204: case 206: return;
    default: fail("%s %.300s: %d %.300s", request->method, request->url, response->status, response->body);
    }
}
