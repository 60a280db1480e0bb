<?php
session_start();
$_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
$database = new PDO('sqlite:/srv/orders/orders.sqlite', options: [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
$database->exec('CREATE TABLE IF NOT EXISTS orders (what TEXT)');
$database->exec("INSERT INTO orders VALUES ('a book')");
$orders = $database->query('SELECT count(*) FROM orders')->fetchColumn();
$file = tempnam(sys_get_temp_dir(), 'shop');
file_put_contents($file, shell_exec('echo by a shell'));
echo "$orders orders, {$_SESSION['visits']} visits, ", trim(file_get_contents($file)), "\n";
