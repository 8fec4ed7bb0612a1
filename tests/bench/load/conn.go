package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"strconv"
	"strings"
	"time"
)

// Request returns the bytes of a request. Lines of headers are given as "Name: value". A body is sent as JSON.
func Request(host, method, path, body string, headers ...string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nAccept: application/vnd.schemaregistry.v1+json\r\n", method, path, host)
	for _, h := range headers {
		fmt.Fprintf(&b, "%s\r\n", h)
	}
	if body != "" {
		fmt.Fprintf(&b, "Content-Type: application/vnd.schemaregistry.v1+json\r\nContent-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	return b.Bytes()
}

// Response is an answer. Body is valid until the next request of its connection.
type Response struct {
	Status int
	ETag   string
	Body   []byte
}

// Conn is one connection to a server. It is for one caller at a time.
type Conn struct {
	conn net.Conn
	in   *bufio.Reader
	body bytes.Buffer
}

// Dial connects to host:port.
func Dial(addr string) (*Conn, error) {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &Conn{conn: c, in: bufio.NewReaderSize(c, 64<<10)}, nil
}

// Close ends the connection.
func (c *Conn) Close() error { return c.conn.Close() }

// answerTime bounds the wait for one answer.
const answerTime = 2 * time.Minute

// Do sends a request and reads the whole answer.
func (c *Conn) Do(request []byte) (Response, error) {
	if err := c.conn.SetDeadline(time.Now().Add(answerTime)); err != nil {
		return Response{}, err
	}
	if _, err := c.conn.Write(request); err != nil {
		return Response{}, err
	}
	r, length, err := c.head()
	if err != nil {
		return r, fmt.Errorf("the head of an answer: %w", err)
	}
	c.body.Reset()
	switch {
	case length == chunked:
		if _, err = io.Copy(&c.body, httputil.NewChunkedReader(c.in)); err == nil {
			_, err = c.line() // the empty line after the last chunk
		}
	case length > 0:
		_, err = io.CopyN(&c.body, c.in, length)
	}
	r.Body = c.body.Bytes()
	return r, err
}

const chunked = -1 // as a length

var errHead = errors.New("not the answer of an HTTP/1.1 server")

// head reads the status line and the headers, and returns the length of the body.
func (c *Conn) head() (r Response, length int64, err error) {
	status, err := c.line()
	if err != nil {
		return r, 0, err
	}
	if len(status) < len("HTTP/1.1 200") || status[:9] != "HTTP/1.1 " {
		return r, 0, errHead
	}
	if r.Status, err = strconv.Atoi(status[9:12]); err != nil {
		return r, 0, errHead
	}
	for {
		line, err := c.line()
		if err != nil || line == "" {
			return r, length, err
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch {
		case strings.EqualFold(name, "Content-Length"):
			if length, err = strconv.ParseInt(value, 10, 64); err != nil || length < 0 {
				return r, 0, errHead
			}
		case strings.EqualFold(name, "Transfer-Encoding"):
			length = chunked
		case strings.EqualFold(name, "ETag"):
			r.ETag = value
		}
	}
}

func (c *Conn) line() (string, error) {
	line, err := c.in.ReadString('\n')
	return strings.TrimRight(line, "\r\n"), err
}
