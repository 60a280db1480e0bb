import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.util.concurrent.Executors;
import java.util.stream.LongStream;

/** Compiled when it starts: a compiler, a collector and pools of threads in one process. */
public class Server {
    public static void main(String[] arguments) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(8080), 0);
        server.setExecutor(Executors.newFixedThreadPool(16));
        server.createContext("/", exchange -> {
            long sum = LongStream.rangeClosed(1, 100_000).parallel().sum();
            var file = Files.createTempFile("page", ".txt");
            Files.writeString(file, "grüezi");
            String name = InetAddress.getByName("localhost").getHostAddress();
            String shell = new String(new ProcessBuilder("echo", "by a process").start().getInputStream().readAllBytes());
            byte[] body = (sum + " " + Files.size(file) + " " + name + " " + shell).getBytes();
            exchange.sendResponseHeaders(200, body.length);
            try (var out = exchange.getResponseBody()) {
                out.write(body);
            }
        });
        server.start();
    }
}
