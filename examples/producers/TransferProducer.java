import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * A producer in Java: events of the contract, keyed chain:asset, acknowledged by every replica.
 *
 * java -cp kafka-clients.jar:slf4j-api.jar TransferProducer.java 127.0.0.1:9092 transfers < events.jsonl
 */
public final class TransferProducer {
    private static final Pattern CHAIN = Pattern.compile("\"chain\"\\s*:\\s*\"([^\"]+)\"");
    private static final Pattern ASSET = Pattern.compile("\"asset\"\\s*:\\s*\"([^\"]+)\"");

    public static void main(String[] arguments) throws Exception {
        Map<String, Object> settings = Map.of(
            "bootstrap.servers", arguments[0],
            "enable.idempotence", true,
            "acks", "all",
            "key.serializer", StringSerializer.class.getName(),
            "value.serializer", StringSerializer.class.getName());
        List<Future<?>> sent = new ArrayList<>();
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(settings);
             BufferedReader lines =
                 new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String key = field(CHAIN, line) + ":" + field(ASSET, line);
                sent.add(producer.send(new ProducerRecord<>(arguments[1], key, line)));
            }
            for (Future<?> each : sent) {
                each.get(); // fails when Kafka did not take it: sending it again does no harm
            }
        }
        System.out.println(sent.size() + " sent");
    }

    private static String field(Pattern pattern, String line) {
        Matcher matcher = pattern.matcher(line);
        if (!matcher.find()) {
            throw new IllegalArgumentException("no chain or no asset: " + line);
        }
        return matcher.group(1);
    }
}
