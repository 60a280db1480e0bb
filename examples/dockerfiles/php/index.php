<?php
echo 'PHP ', PHP_MAJOR_VERSION, "\n";
