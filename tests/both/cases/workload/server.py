"""Sixteen clients, each with a thread of its own, ask a threaded server, one after the other."""
import socket
import threading

listener = socket.create_server(("127.0.0.1", 0))
address = listener.getsockname()


def read_all(connection, n):
    data = b""
    while len(data) < n:
        data += connection.recv(n - len(data))
    return data


def serve(connection):
    with connection:
        assert read_all(connection, 4) == b"ping"
        connection.sendall(b"x" * 1000)


def listen():
    threads = []
    for _ in range(16):
        threads.append(threading.Thread(target=serve, args=(listener.accept()[0],)))
        threads[-1].start()
    for thread in threads:
        thread.join()


server = threading.Thread(target=listen)
server.start()


def ask():
    with socket.create_connection(address) as connection:
        connection.sendall(b"ping")
        assert read_all(connection, 1000) == b"x" * 1000


for i in range(16):
    client = threading.Thread(target=ask)
    client.start()
    client.join()
    print("served", i)
server.join()
