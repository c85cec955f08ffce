<?php
// A folder by sabre/dav, as its own documentation sets it up: files on a disk, locks, and one user.
// The folder, its kind of files (FS or FSExt) and the place of the locks are in the request's parameters.
require 'Sabre/autoload.php';

use Sabre\DAV;

class OneUser extends DAV\Auth\Backend\AbstractBasic {

    protected function validateUserPass($user, $password) {
        return $user === $_SERVER['DAV_USER'] && $password === $_SERVER['DAV_PASSWORD'];
    }

}

$directory = 'Sabre\\DAV\\' . $_SERVER['SABRE_NODES'] . '\\Directory';
$server = new DAV\Server(new $directory($_SERVER['SERVED_FOLDER']));
$server->setBaseUri('/');
$server->addPlugin(new DAV\Auth\Plugin(new OneUser(), 'annex'));
$server->addPlugin(new DAV\Locks\Plugin(new DAV\Locks\Backend\File($_SERVER['SABRE_LOCKS'])));
$server->exec();
